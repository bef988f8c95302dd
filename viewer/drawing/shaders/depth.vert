#version 330 core
layout(location = 0) in vec3 position;
uniform mat4 from_lamp;
out vec3 world_position;

void main() {
    world_position = position;
    gl_Position = from_lamp * vec4(position, 1.0);
}
