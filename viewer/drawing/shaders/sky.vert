#version 330 core
uniform vec2 span;  // how high the picture's part begins and ends, 0..1 of the whole
out float height;

void main() {  // one triangle over the whole picture
    vec2 corner = vec2(gl_VertexID == 1 ? 3.0 : -1.0, gl_VertexID == 2 ? 3.0 : -1.0);
    height = mix(span.x, span.y, 0.5 + 0.5 * corner.y);
    gl_Position = vec4(corner, 0.0, 1.0);
}
