"""OBJ and MTL at the door: materials, pictures, colours, corners in every spelling, and numbers to the last digit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import trimesh
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sculpt3d.colour import from_srgb
from sculpt3d.errors import UnreadableFile
from sculpt3d.models import text
from sculpt3d.models.document import Document, Part
from sculpt3d.models.mapped import map_file
from sculpt3d.models.mtl import Map, parse_map, parse_mtl
from sculpt3d.models.obj_lines import read_lines
from sculpt3d.models.read import read_document
from tests.mesh_files import MTL, OBJ, ORANGE, picture

V = "v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\n"
VT, VN = "vt 0 0\nvt 1 0\nvt 1 1\nvt 0 1\n", "vn 0 0 2\nvn 0 2 0\n"
SQUARE = [[0, 1, 2], [0, 2, 3]]


def read(folder: Path, obj: str | bytes, **beside: str) -> Document:
    for name, content in beside.items():
        (folder / f"{name}.mtl").write_text(content)
    (folder / "m.obj").write_bytes(obj if isinstance(obj, bytes) else obj.encode())
    return read_document(folder / "m.obj")


def one(folder: Path, obj: str | bytes, **beside: str) -> Part:
    (part,) = read(folder, obj, **beside).parts
    return part


SPELLINGS = {
    "plain": "f 1 2 3 4\n",
    "coordinates": "f 1/1 2/2 3/3 4/4\n",
    "all": "f 1/1/1 2/2/1 3/3/1 4/4/1\n",
    "normals": "f 1//1 2//1 3//1 4//1\n",
    "from the end": "f -4 -3 -2 -1\n",
    "mixed signs": "f -4/1 2/-3 3/3 -1/-1\n",
    "empty tails": "f 1/ 2/ 3/ 4/\n",
    "several ways": "f 1/1/1 2//1 3/3 4\n",
    "tabs and blanks": " \tf\t1  2\t3 4  \n",
    "of old": "fo 1 2 3 4\n",
    "goes on": "f 1 2 \\\n 3 4\n",
    "goes on, CR LF": "f 1 2 \\\r\n 3 4\r\n",
    "with a comment": "f 1 2 3 4 # the square\n",
    "no end": "f 1 2 3 4",
    "CR": (V + VT + VN + "f 1 2 3 4\n").replace("\n", "\r"),
    "faces first": "f 1 2 3 4\n" + V,
    "byte order mark": "\ufeff" + V + "f 1 2 3 4\n",
    "groups": "o a\ng b c\ns 1\nf 1 2 3\ng d\ns off\nf 1 3 4\n",
}


@pytest.mark.parametrize("kind", SPELLINGS)
def test_corners(tmp_path: Path, kind: str) -> None:
    faces = SPELLINGS[kind]
    part = one(tmp_path, faces if "v 0 0 0" in faces else V + VT + VN + faces)
    square = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    np.testing.assert_array_equal(part.vertices[part.faces], square[SQUARE])


def test_negative_corners_count_from_their_line(tmp_path: Path) -> None:
    """Each face means the three vertices just before it."""
    part = one(tmp_path, "v 0 0 0\nv 1 0 0\nv 0 1 0\nf -3 -2 -1\nv 0 0 5\nv 1 0 5\nv 0 1 5\nf -3 -2 -1\n")
    assert part.vertices[part.faces][:, :, 2].tolist() == [[0, 0, 0], [5, 5, 5]]


def test_materials(tmp_path: Path) -> None:
    """The whole of `mesh_files.OBJ`: six materials, each its part, and every loss told."""
    picture(tmp_path / "Tex A.png", ORANGE)
    document = read(tmp_path, OBJ, m=MTL)
    parts = {p.name: p for p in document.parts}
    assert list(parts) == ["red one", "picture", "black", "missing", "unheard"]
    red = parts["red one"].material
    assert red.factor == (1, 0, 0, 0.5) and red.alpha == "blend"
    laid = parts["picture"]
    assert laid.material.texture is not None and laid.material.texture.wrap == ("clamp", "clamp")
    assert laid.uv is not None and laid.uv.tolist() == [
        [0.5, 1],
        [2.5, 1],
        [2.5, -2],
        [0.5, -2],
    ]  # x 2, 3; u + 0.5; v down
    assert laid.normals is not None and laid.normals.tolist() == [[0, 0, 1]] * 4
    black = parts["black"].material
    assert black.texture is not None and black.factor == (1, 1, 1, 1)  # never meant
    assert black.texture.pixels[0, 0].tolist() == list(ORANGE)
    assert parts["missing"].material.texture is None and parts["missing"].material.factor[0] == pytest.approx(
        from_srgb(np.array(0.8))
    )
    said = "\n".join(document.notes)
    assert "gone.tga is not beside" in said and "map_ks" in said and "unheard" in said


@pytest.mark.parametrize(
    ("says", "alpha"),
    [
        ("d 0.25", 0.25),
        ("Tr 0.75", 0.25),
        ("d 1\nTr 0", 1),
        ("d 0.25\nTr 0.5", 0.25),
        ("d -halo 0.25", 0.25),
        ("d 0", 1),
        ("Tr 1", 1),
    ],
)
def test_transparency(tmp_path: Path, says: str, alpha: float) -> None:
    document = read(tmp_path, f"mtllib a.mtl\n{V}usemtl a\nf 1 2 3 4\n", a=f"newmtl a\nKd 1 1 1\n{says}\n")
    material = document.parts[0].material
    assert material.factor[3] == alpha and material.alpha == ("blend" if alpha < 1 else "opaque")
    assert any("taken as opaque" in n for n in document.notes) == (says in {"d 0", "Tr 1"})


def test_cut_out_and_half_transparent_pictures(tmp_path: Path) -> None:
    """map_d: holes make a mask, smooth ones shine through, another size is scaled; an alpha without map_d is told."""
    picture(tmp_path / "c.png", ORANGE, (8, 8))
    holes = np.full((4, 4, 3), 255, np.uint8)
    holes[:, :2] = 0
    Image.fromarray(holes).save(tmp_path / "holes.png")
    Image.fromarray(holes // 2 + 64).save(tmp_path / "soft.png")
    picture(tmp_path / "alpha.png", (*ORANGE, 0))
    obj = (
        "mtllib a.mtl\n"
        + V
        + VT
        + "".join(f"usemtl {m}\nf 1/1 2/2 3/3 4/4\n" for m in ("cut", "soft", "own"))
    )
    mtl = "newmtl cut\nmap_Kd c.png\nmap_d holes.png\nnewmtl soft\nmap_Kd c.png\nmap_d soft.png\nnewmtl own\nmap_Kd alpha.png\n"
    document = read(tmp_path, obj, a=mtl)
    cut, soft, own = (p.material for p in document.parts)
    assert (cut.alpha, soft.alpha, own.alpha) == ("mask", "blend", "opaque")
    assert cut.texture is not None and cut.texture.pixels.shape == (8, 8, 4)
    assert cut.texture.pixels[0, 0].tolist() == [*ORANGE, 0] and cut.texture.pixels[0, 7].tolist() == [
        *ORANGE,
        255,
    ]
    assert own.texture is not None and own.texture.pixels.shape == (4, 4, 3)
    assert any("alpha.png" in n for n in document.notes)


@pytest.mark.parametrize("mode", ["L", "LA", "P", "CMYK", "1", "I;16", "RGBA"])
@pytest.mark.parametrize("ending", ["png", "tif", "tga"])
def test_pictures_of_every_kind(tmp_path: Path, mode: str, ending: str) -> None:
    """White in any coding is white."""
    white = {
        "L": 255,
        "LA": (255, 255),
        "P": 0,
        "CMYK": (0, 0, 0, 0),
        "1": 1,
        "I;16": 65535,
        "RGBA": (255,) * 4,
    }[mode]
    image = Image.new(mode, (4, 4), white)
    if mode == "P":
        image.putpalette([255] * 768)
    try:
        image.save(tmp_path / f"a.{ending}")
    except OSError:
        pytest.skip(f"{ending} has no {mode}")
    document = read(
        tmp_path,
        f"mtllib a.mtl\n{V}{VT}usemtl a\nf 1/1 2/2 3/3\n",
        a=f"newmtl a\nKd 1 1 1\nmap_Kd a.{ending}\n",
    )
    texture = document.parts[0].material.texture
    assert texture is not None, document.notes
    assert texture.pixels.shape == (4, 4, 3) and (texture.pixels == 255).all()


@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("a.png", Map("a.png")),
        ("my maps\\colour map.png", Map("my maps\\colour map.png")),
        ('"two words.png"', Map("two words.png")),
        ("-s 2 a.png", Map("a.png", (2, 1))),
        ("-s 2 3 a.png", Map("a.png", (2, 3))),
        ("-s 2 3 1 -o .5 -1 0 -clamp on a b.png", Map("a b.png", (2, 3), (0.5, -1), True)),
        ("-blendu off -bm 1.5 -mm 0 1 -texres 512 -imfchan l -type sphere a.png", Map("a.png")),
        ("-s 1 1 1 2.png", Map("2.png")),
        ("", None),
        ("-s 1 1 1", Map("1", (1, 1))),
    ],
)
def test_options_of_maps(words: str, wanted: Map | None) -> None:
    assert parse_map(words) == wanted


def test_colours_of_materials() -> None:
    entries = parse_mtl(
        "newmtl a b\nKd 0.5 0.25 0.125\nnewmtl c\nKd 255 128 0\nnewmtl d\nKd spectral x.rfl\nnewmtl e\nKd 0.5\n"
    )
    assert {k: e.kd for k, e in entries.items()} == {
        "a b": (0.5, 0.25, 0.125),
        "c": (1, 128 / 255, 0),
        "d": None,
        "e": (0.5, 0.5, 0.5),
    }


@pytest.mark.parametrize(
    ("rest", "wanted"),
    [
        ("1 0.2 0", (255, 51, 0, 255)),
        ("255 51 0", (255, 51, 0, 255)),
        ("0.4 0.2 0 0.2", (102, 51, 0, 51)),  # r g b a
        ("1.0", None),  # w alone
    ],
)
def test_colours_of_vertices(tmp_path: Path, rest: str, wanted: tuple[int, ...] | None) -> None:
    part = one(tmp_path, "".join(f"v {p} {rest}\n" for p in ("0 0 0", "1 0 0", "0 1 0")) + "f 1 2 3\n")
    assert (part.rgba is None) if wanted is None else part.rgba.tolist() == [list(wanted)] * 3  # type: ignore[union-attr]


def test_a_weight_before_the_colours(tmp_path: Path) -> None:
    part = one(tmp_path, "v 0 0 0 1 0.2 0 0\nv 1 0 0 1 0 1 0\nv 0 1 0 1 0 0 1\nf 1 2 3\n")
    assert part.rgba is not None and part.rgba[:, :3].tolist() == [[51, 0, 0], [0, 255, 0], [0, 0, 255]]


def test_only_vertices_are_a_cloud(tmp_path: Path) -> None:
    part = one(
        tmp_path, "v 465123.4567 5530987.6543 1e2 1 0 0\nv +4.651234577e5 5530987.6553 1.0E+02 0 0 1\np 1 2\n"
    )
    assert (
        len(part.faces) == 0
        and part.rgba is not None
        and part.rgba[:, :3].tolist() == [[255, 0, 0], [0, 0, 255]]
    )


def test_what_is_left_out_is_said(tmp_path: Path) -> None:
    obj = "mtllib ../up.mtl gone.mtl\n" + V + "f 1/7 2 3\nf 1 2\nl 1 2\np 1\ncurv 0 1 1 2\nsurf 0 1 0 1 1 2\n"
    said = "\n".join(read(tmp_path, obj).notes)
    for words in (
        "up.mtl",
        "gone.mtl",
        "1 corners name",
        "1 faces of fewer",
        "1 lines",
        "1 single points",
        "2 free-form",
    ):
        assert words in said, said


@pytest.mark.parametrize("name", ["../secret.png", "/etc/passwd", "..\\secret.png"])
def test_pictures_elsewhere_stay_there(tmp_path: Path, name: str) -> None:
    picture(tmp_path / "secret.png", ORANGE)
    (tmp_path / "in").mkdir()
    obj = f"mtllib a.mtl\n{V}{VT}usemtl a\nf 1/1 2/2 3/3\n"
    document = read(tmp_path / "in", obj, a=f"newmtl a\nmap_Kd {name}\n")
    assert document.parts[0].material.texture is None and any("not beside" in n for n in document.notes)


BROKEN = {
    "word": (V.replace("1 1 0", "1 one 0") + "f 1 2 3\n", "line 3"),
    "too few": ("v 0 0\n", "line 1"),
    "corner": (V + "f 1 2 x\n", "line 5"),
    "zero": (V + "f 0 1 2\n", "line 5"),
    "before the first": (V + "\n\nf -5 -1 -2\n", "line 7"),
    "outside": (V + "f 1 2 5\n", "outside"),
    "huge": (V + "f 1 2 99999999999999999999\n", ""),
    "nan": (V.replace("1 1 0", "nan 1 0") + "f 1 2 3\n", "not numbers"),
    "nothing": ("# empty\n", ""),
    "minus inside": (V.replace("1 1 0", "1 1-0") + "f 1 2 3\n", "line 3"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_broken_files_are_one_sentence(tmp_path: Path, kind: str) -> None:
    data, says = BROKEN[kind]
    with pytest.raises(UnreadableFile, match=r"^m\.obj.*export it again") as error:
        read(tmp_path, data)
    assert says in str(error.value)


@settings(deadline=None, max_examples=60)
@given(
    values=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=3, max_size=30),
    digits=st.integers(0, 25),
)
def test_numbers_are_the_nearest_doubles(
    tmp_path_factory: pytest.TempPathFactory, values: list[float], digits: int
) -> None:
    """As Python reads them, in plain and exponent writing, at any length."""
    words = [f"{v:.{digits}e}" if k % 2 or abs(v) > 1e30 else f"{v:.{digits}f}" for k, v in enumerate(values)]
    path = tmp_path_factory.mktemp("m") / "m.obj"
    path.write_text("".join(f"v {w} 0 {w}\n" for w in words))
    found = read_lines(map_file(path), "m.obj").xyz
    np.testing.assert_array_equal(found[:, 0], [float(w) for w in words])
    np.testing.assert_array_equal(found[:, 2], found[:, 0])


@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_blocks_do_not_matter(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """The same lines whether they come in one block or in many."""
    path = tmp_path_factory.mktemp("m") / "m.obj"
    kinds = [
        "v 1 2 3",
        "v 4 5 6 0.5 0.5 0.5",
        "vt 0.5 0.25",
        "vn 0 0 1",
        "usemtl a b",
        "g x",
        "# words",
        "",
        "l 1 2",
    ]
    lines = ["v 0 0 0", "v 1 0 0", "v 0 1 0", "vt 0 0", "vn 0 0 1"]
    faces = ["f -1 -2 -3", "f 1/1 2/1 3/1", "f 1//1 2//1 3//1 1//1", "f 1/1/1 2 3", "f 1 \\\n2 3"]
    lines += data.draw(st.lists(st.sampled_from(kinds + faces), max_size=40))
    path.write_text("\n".join(lines) + "\n")
    whole = read_lines(map_file(path), "m.obj")
    usual, text.BLOCK = text.BLOCK, data.draw(st.integers(8, 200))
    try:
        parts = read_lines(map_file(path), "m.obj")
    finally:
        text.BLOCK = usual
    for name in ("xyz", "uv", "normals", "sizes", "extra"):
        np.testing.assert_array_equal(getattr(parts, name), getattr(whole, name))
    for a, b in zip(parts.corners, whole.corners, strict=True):
        np.testing.assert_array_equal(a, b)
    assert (parts.named, parts.lines) == (whole.named, whole.lines)


@settings(deadline=None, max_examples=30)
@given(seed=st.integers(0, 10**6), coloured=st.booleans())
def test_round_trip_through_trimesh(
    tmp_path_factory: pytest.TempPathFactory, seed: int, coloured: bool
) -> None:
    random = np.random.default_rng(seed)
    ball = trimesh.creation.icosphere(1)
    codes = random.integers(0, 256, (len(ball.vertices), 3), dtype=np.uint8) if coloured else None
    mesh = trimesh.Trimesh(
        ball.vertices * random.uniform(0.5, 2, 3), ball.faces, vertex_colors=codes, process=False
    )
    path = tmp_path_factory.mktemp("m") / "m.obj"
    mesh.export(path)
    (part,) = read_document(path).parts
    np.testing.assert_allclose(part.vertices[part.faces], mesh.vertices[mesh.faces], atol=1e-6)
    if codes is not None:
        assert part.rgba is not None
        assert np.abs(part.rgba[part.faces][:, :, :3].astype(int) - codes[mesh.faces]).max() <= 1


def test_our_own_unit(tmp_path: Path) -> None:
    document = read(tmp_path, "# a ball, metres, +Y up\n" + V + "f 1 2 3 4\n")
    assert document.unit_m == 1 and document.unit_source
    assert read(tmp_path, "# a ball, no scale, +Y up\n" + V + "f 1 2 3 4\n").unit_m is None
    assert read(tmp_path, "# in millimetres\n" + V + "f 1 2 3 4\n").unit_m is None


@settings(deadline=None, max_examples=20)
@given(seed=st.integers(0, 10**6))
def test_textured_round_trip_through_trimesh(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    """Two textured parts written by trimesh: places, texture coordinates and texels of every corner."""
    random = np.random.default_rng(seed)
    scene, wanted = trimesh.Scene(), []
    for k in range(2):
        pixels = random.integers(0, 256, (4, 8, 3), dtype=np.uint8)
        corners = random.random((12, 3)) + 3 * k
        uv = random.random((12, 2))
        material = trimesh.visual.material.SimpleMaterial(
            Image.fromarray(pixels), name=f"m{k}", diffuse=[255, 255, 255]
        )
        visual = trimesh.visual.TextureVisuals(uv, material=material)
        mesh = trimesh.Trimesh(corners, np.arange(12).reshape(-1, 3), visual=visual, process=False)
        scene.add_geometry(mesh, geom_name=f"g{k}")
        wanted.append((corners, uv, pixels))
    folder = tmp_path_factory.mktemp("m")
    scene.export(folder / "m.obj")
    parts = sorted(read_document(folder / "m.obj").parts, key=lambda p: float(p.vertices.min()))
    for part, (corners, uv, pixels) in zip(parts, wanted, strict=True):
        np.testing.assert_allclose(part.vertices[part.faces].reshape(-1, 3), corners, atol=1e-6)
        assert part.uv is not None and part.material.texture is not None
        np.testing.assert_allclose(part.uv[part.faces].reshape(-1, 2), uv * [1, -1] + [0, 1], atol=1e-5)
        np.testing.assert_array_equal(part.material.texture.pixels, pixels)
