#version 330 core
layout(location = 0) in vec3 position;
layout(location = 1) in vec3 normal;
layout(location = 2) in vec2 uv;
layout(location = 3) in vec3 colour;
uniform mat4 view;
uniform mat4 projection;
uniform float point_size;
out vec3 world_normal;
out vec3 world_position;
out vec2 texel;
out vec3 tint;

void main() {
    world_normal = normal;
    world_position = position;
    texel = uv;
    tint = colour;
    gl_Position = projection * view * vec4(position, 1.0);
    gl_PointSize = point_size;
}
