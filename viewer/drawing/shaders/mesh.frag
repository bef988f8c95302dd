// textured, shadowed, glossy, lamps and cuts are constants: viewer/drawing/gpu.py, Asked
centroid in vec3 world_normal;
in vec3 world_position;
in vec2 texel;
centroid in vec4 tint;  // at a rim's pixels the middle may lie beside the triangle
centroid in float shown;
uniform sampler2D picture;  // the card decodes sRGB
uniform float blur;         // levels: several pixels drawn make one in the end
uniform vec4 factor;
uniform int alpha_mode;     // 0 opaque, 1 mask, 2 blend
uniform float cutoff;
uniform int through;        // light passes whatever the material says
uniform int in_clay;
uniform vec3 clay;
uniform int is_cloud;
uniform mat3 axes;          // the camera's right, up and backward as columns
uniform vec3 eye;
uniform int flat_view;      // orthographic
uniform float fill;         // below 0: no light is asked for; viewer/drawing/shade.py has the same numbers
uniform float gloss;
uniform vec3 lamp[4];
uniform float power[4];
uniform sampler2DArray depths;
uniform mat4 from_lamp[4];
uniform float lift;
uniform vec4 cut[4];        // nx, ny, nz, d: n . p <= d is left
out vec4 fragment;

float open_at(int k, ivec2 at, float depth) {
    ivec2 size = textureSize(depths, 0).xy;
    if (any(lessThan(at, ivec2(0))) || any(greaterThanEqual(at, size))) return 1.0;
    return texelFetch(depths, ivec3(at, k), 0).r >= depth ? 1.0 : 0.0;
}

float shine(int k, vec3 n) {
    vec4 there = from_lamp[k] * vec4(world_position + n * lift, 1.0);
    vec3 p = 0.5 + 0.5 * there.xyz;
    vec2 at = p.xy * vec2(textureSize(depths, 0).xy) - 0.5;
    ivec2 low = ivec2(floor(at));
    vec2 f = at - floor(at);
    float below = mix(open_at(k, low, p.z), open_at(k, low + ivec2(1, 0), p.z), f.x);
    float above = mix(open_at(k, low + ivec2(0, 1), p.z), open_at(k, low + ivec2(1, 1), p.z), f.x);
    return mix(below, above, f.y);
}

void main() {
    for (int k = 0; k < cuts; ++k) {
        if (dot(cut[k].xyz, world_position) > cut[k].w) discard;
    }
    vec4 colour = factor * tint;
    if (textured == 1) colour *= texture(picture, texel, blur);
    if (alpha_mode == 1 && colour.a < cutoff) discard;
    vec3 towards = flat_view == 1 ? axes[2] : eye - world_position;
    vec3 side = is_cloud == 1 ? towards : cross(dFdx(world_position), dFdy(world_position));
    if (dot(side, towards) < 0.0) side = -side;
    vec3 n = length(world_normal) > 0.1 ? normalize(world_normal) : normalize(side);
    if (dot(n, side) < 0.0) n = -n;  // to the side of the face that is seen, however it is wound
    vec3 view = normalize(towards);
    float lit = 1.0, thrown = 0.0;
    if (fill >= 0.0) {
        lit = fill * (0.5 + 0.2 * n.y);
        for (int k = 0; k < lamps; ++k) {
            float lambert = max(dot(n, lamp[k]), 0.0);
            if (shadowed == 1 && lambert > 0.0) lambert *= shine(k, n);
            lit += power[k] * lambert;
            if (glossy == 1 && lambert > 0.0) {
                float mirror = pow(max(dot(n, normalize(view + lamp[k])), 0.0), 40.0);
                thrown += gloss * min(power[k], 1.0) * mirror;
            }
        }
    }
    vec3 albedo = in_clay == 1 ? clay : colour.rgb;
    vec4 shows = look(Seen(albedo, colour.a, n, n * axes, view, lit, thrown, shown));
    bool clear = through == 1 || alpha_mode == 2;
    fragment = vec4(clamp(shows.rgb, 0.0, 1.0), clear ? clamp(shows.a, 0.0, 1.0) : 1.0);
}
