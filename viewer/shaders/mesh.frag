#version 330 core
in vec3 world_normal;
in vec3 world_position;
in vec2 texel;
in vec3 tint;
uniform sampler2D picture;
uniform int style;        // 0 texture, 1 vertex colours, 2 clay
uniform vec3 light;
uniform vec3 eye;
uniform float flat_shade; // 1: no normals (a bare cloud)
out vec4 fragment;

vec3 to_linear(vec3 c) { return mix(c / 12.92, pow((c + 0.055) / 1.055, vec3(2.4)), step(0.04045, c)); }
vec3 to_srgb(vec3 c) { return mix(12.92 * c, 1.055 * pow(max(c, 1e-6), vec3(1.0 / 2.4)) - 0.055, step(0.0031308, c)); }

void main() {
    vec3 albedo = style == 0 ? to_linear(texture(picture, texel).rgb) : style == 1 ? to_linear(tint) : vec3(0.42, 0.40, 0.37);
    vec3 n = length(world_normal) > 0.1 ? normalize(world_normal) : vec3(0.0, 1.0, 0.0);
    if (dot(n, eye - world_position) < 0.0) n = -n;
    float lambert = max(dot(n, light), 0.0);
    float around = 0.5 + 0.2 * n.y;
    // Photos already carry light: textured surfaces are lit gently, clay fully.
    float shade = style == 2 ? 0.35 * around + 0.95 * lambert : 0.85 * around + 0.55 * lambert;
    fragment = vec4(to_srgb(clamp(albedo * mix(shade, 1.0, flat_shade), 0.0, 1.0)), 1.0);
}
