#version 330 core
in float height;
uniform vec3 low;
uniform vec3 high;
uniform vec2 corner;  // of the picture's part, in pixels of the whole
out vec4 fragment;

void main() {
    float grain = fract(sin(dot(gl_FragCoord.xy + corner, vec2(12.9898, 78.233))) * 43758.5453) - 0.5;
    vec3 sky = mix(low, high, height);
    fragment = vec4(low == high ? sky : sky + grain / 255.0, 1.0);  // the grain hides the steps
}
