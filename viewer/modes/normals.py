"""Which way each place looks, as a colour: red to the object's right, green up, blue to its front."""

from viewer.modes.mode import Mode, opaque

MODE = Mode(
    "normals",
    "M",
    "which way each place looks: red to the object's right, green up, blue to its front",
    lambda seen: opaque(0.5 + 0.5 * seen.normal, seen),
    "vec4 look(Seen s) { return vec4(0.5 + 0.5 * s.normal, s.alpha); }",
    lit=False,
)
