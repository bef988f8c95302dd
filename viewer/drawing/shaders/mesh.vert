#version 330 core
layout(location = 0) in vec3 position;
layout(location = 1) in vec3 normal;
layout(location = 2) in vec2 uv;
layout(location = 3) in vec4 colour;  // sRGB and alpha
layout(location = 4) in float value;
uniform mat4 view;
uniform mat4 projection;
uniform float point_size;
centroid out vec3 world_normal;
out vec3 world_position;
out vec2 texel;
centroid out vec4 tint;  // linear light
centroid out float shown;

vec3 to_linear(vec3 c) { return mix(c / 12.92, pow((c + 0.055) / 1.055, vec3(2.4)), step(0.04045, c)); }

void main() {
    world_normal = normal;
    world_position = position;
    texel = uv;
    shown = value;
    tint = vec4(to_linear(colour.rgb), colour.a);
    gl_Position = projection * (view * vec4(position, 1.0));
    gl_PointSize = point_size;
}
