#version 330 core
layout(location = 0) in vec3 position;
uniform mat4 view;
uniform mat4 projection;
uniform vec4 depths;  // projection's third row and fourth: m22, m23, m32, m33
uniform vec2 lift;    // how much nearer it is drawn than it lies: always, and for each unit of w
uniform vec4 wash;    // sRGB and strength
uniform vec4 cut[4];  // nx, ny, nz, d: n . p <= d is left
out vec4 ink;
out float gl_ClipDistance[4];

void main() {
    vec4 seen = view * vec4(position, 1.0);
    gl_Position = projection * seen;
    float z = seen.z + lift.x + lift.y * gl_Position.w;
    gl_Position.z = (depths.x * z + depths.y) / (depths.z * z + depths.w) * gl_Position.w;
    ink = wash;
    for (int k = 0; k < 4; ++k) gl_ClipDistance[k] = cut[k].w - dot(cut[k].xyz, position);
}
