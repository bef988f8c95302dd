"""The triangles' sides."""

from viewer.modes.mode import Mode, coded

MODE = Mode(
    "wire",
    "W",
    "the triangles' sides",
    lambda seen: coded(seen.albedo, seen),
    "vec4 look(Seen s) { return vec4(to_srgb(s.albedo), s.alpha); }",
    colours="file",
    lit=False,
    shape="wire",
)
