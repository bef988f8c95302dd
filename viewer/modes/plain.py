"""The file's colours as they are, without light."""

from viewer.modes.mode import Mode, coded

MODE = Mode(
    "plain",
    "P",
    "the file's colours as they are, without light",
    lambda seen: coded(seen.albedo, seen),
    "vec4 look(Seen s) { return vec4(to_srgb(s.albedo), s.alpha); }",
    colours="bare",
    lit=False,
)
