#version 330 core
centroid in vec3 world_normal;
in vec3 world_position;
in vec2 texel;
centroid in vec4 tint;  // at a rim's pixels the middle may lie beside the triangle
uniform sampler2D picture;  // the card decodes sRGB
uniform int textured;
uniform float blur;         // levels: several pixels drawn make one in the end
uniform vec4 factor;
uniform int alpha_mode;     // 0 opaque, 1 mask, 2 blend
uniform float cutoff;
uniform int in_clay;
uniform vec3 clay;
uniform int lighting;       // 0 none, 1 gentle, 2 full: viewer/drawing/shade.py has the same numbers
uniform int is_cloud;
uniform vec3 light;
uniform vec3 eye;
out vec4 fragment;

vec3 to_srgb(vec3 c) { return mix(12.92 * c, 1.055 * pow(max(c, 1e-6), vec3(1.0 / 2.4)) - 0.055, step(0.0031308, c)); }

float shade() {
    vec3 towards = eye - world_position;
    vec3 side = is_cloud == 1 ? towards : cross(dFdx(world_position), dFdy(world_position));
    if (dot(side, towards) < 0.0) side = -side;
    vec3 n = length(world_normal) > 0.1 ? normalize(world_normal) : normalize(side);
    if (dot(n, side) < 0.0) n = -n;  // to the side of the face that is seen, however it is wound
    float lambert = max(dot(n, light), 0.0);
    float around = 0.5 + 0.2 * n.y;
    return lighting == 1 ? 0.85 * around + 0.55 * lambert : 0.35 * around + 0.95 * lambert;
}

void main() {
    vec4 colour = factor * tint;
    if (textured == 1) colour *= texture(picture, texel, blur);
    if (alpha_mode == 1 && colour.a < cutoff) discard;
    vec3 albedo = in_clay == 1 ? clay : colour.rgb;
    vec3 seen = lighting == 0 ? albedo : albedo * shade();
    fragment = vec4(to_srgb(clamp(seen, 0.0, 1.0)), alpha_mode == 2 ? clamp(colour.a, 0.0, 1.0) : 1.0);
}
