#version 330 core
uniform vec4 onto;   // left, bottom, right, top in -1..1
out vec2 texel;

void main() {
    vec2 unit = vec2(gl_VertexID & 1, gl_VertexID >> 1);
    texel = vec2(unit.x, 1.0 - unit.y);
    gl_Position = vec4(mix(onto.xy, onto.zw, unit), 0.0, 1.0);
}
