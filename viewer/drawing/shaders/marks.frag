#version 330 core
in vec4 ink;
uniform vec3 hatch;   // pixels apart, thick; the part's height; none where the first is 0
uniform vec2 corner;  // of the part in the whole picture, y down
out vec4 fragment;

void main() {
    vec2 at = vec2(gl_FragCoord.x, hatch.z - gl_FragCoord.y) + corner;
    bool line = hatch.x > 0.0 && mod(at.x + at.y, hatch.x) < hatch.y;
    fragment = vec4(ink.rgb * (line ? 0.45 : 1.0), ink.a);
}
