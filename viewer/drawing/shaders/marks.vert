#version 330 core
layout(location = 0) in vec3 position;  // clip of the whole picture's part
layout(location = 1) in float depth;    // along the view
layout(location = 2) in vec4 colour;    // sRGB and strength
uniform vec4 onto;                      // pixels of the whole picture to -1..1: scale x, y, shift x, y
uniform vec4 depths;                    // projection's third row and fourth: m22, m23, m32, m33
out vec4 ink;

void main() {
    float w = depths.z * -depth + depths.w;
    ink = colour;
    gl_Position = vec4((position.xy * onto.xy + onto.zw) * w, depths.x * -depth + depths.y, w);
}
