#version 330 core
in vec2 texel;
uniform sampler2D picture;
out vec4 fragment;

void main() { fragment = texture(picture, texel); }
