#version 330 core
in vec3 world_position;
uniform int cuts;
uniform vec4 cut[4];  // nx, ny, nz, d: n . p <= d is left
out vec4 fragment;

void main() {
    for (int k = 0; k < cuts; ++k) {
        if (dot(cut[k].xyz, world_position) > cut[k].w) discard;
    }
    fragment = vec4(1.0);
}
