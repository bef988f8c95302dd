"""A part as USDZ for Quick Look: one mesh with a preview surface."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from sculpt3d.errors import InputError
from sculpt3d.files import put
from sculpt3d.models.document import Part
from sculpt3d.webasset.glb import Label
from sculpt3d.webasset.pictures import encode_picture
from sculpt3d.webasset.proof import ProofFailed

_WRAPS = {"clamp": "clamp", "repeat": "repeat", "mirror": "mirror"}


def write_usdz(path: Path, part: Part, label: Label) -> None:
    """One mesh with a preview surface, +Y up; metres (as they are, where there is no scale)."""
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".usdz-") as folder:
        made = Path(folder) / "made.usdz"
        pictures = _package(made, part, label)  # its files are closed with its last name: Windows could not remove them
        _prove_usdz(made, part, pictures, path.name)
        put(made, path)


def _package(made: Path, part: Part, label: Label) -> tuple[str, ...]:
    """Write `made`, its parts beside it; the names of its pictures."""
    try:
        from pxr import Gf, Kind, Sdf, Usd, UsdGeom, UsdShade, Vt
    except ImportError as error:
        raise InputError("USDZ needs one more package: pip install 'sculpt3d[usdz]'") from error

    inside = made.parent
    look = part.material
    assert look.texture is not None and part.uv is not None and part.normals is not None
    clear = look.alpha != "opaque" and look.texture.pixels.shape[2] == 4
    colour = "colour.png" if clear else "colour.jpg"
    pixels = look.texture.pixels if clear else look.texture.pixels[..., :3]
    pictures = {colour: encode_picture(pixels, "png" if clear else "jpeg", 90)}
    if look.normal_map is not None:
        pictures["normals.png"] = encode_picture(look.normal_map, "png", 100)
    if look.occlusion is not None:
        pictures["occlusion.jpg"] = encode_picture(look.occlusion, "jpeg", 90)
    for name, data in pictures.items():
        (inside / name).write_bytes(data)
    stage = Usd.Stage.CreateNew(str(inside / "model.usdc"))
    UsdGeom.SetStageUpAxis(stage, UsdGeom.Tokens.y)
    UsdGeom.SetStageMetersPerUnit(stage, 1.0)
    stage.SetMetadata("comment", f"{label.name}. {label.copyright}".strip())
    root = UsdGeom.Xform.Define(stage, "/Model")
    stage.SetDefaultPrim(root.GetPrim())
    Usd.ModelAPI(root).SetKind(Kind.Tokens.component)
    mesh = UsdGeom.Mesh.Define(stage, "/Model/Mesh")
    mesh.CreatePointsAttr(Vt.Vec3fArray.FromNumpy(part.vertices))
    mesh.CreateExtentAttr(
        [Gf.Vec3f(*part.vertices.min(0).tolist()), Gf.Vec3f(*part.vertices.max(0).tolist())]
    )
    mesh.CreateFaceVertexCountsAttr(Vt.IntArray.FromNumpy(np.full(len(part.faces), 3, np.int32)))
    mesh.CreateFaceVertexIndicesAttr(Vt.IntArray.FromNumpy(part.faces.ravel().astype(np.int32)))
    mesh.CreateNormalsAttr(Vt.Vec3fArray.FromNumpy(part.normals))
    mesh.SetNormalsInterpolation(UsdGeom.Tokens.vertex)
    mesh.CreateSubdivisionSchemeAttr(UsdGeom.Tokens.none)
    mesh.CreateDoubleSidedAttr(True)
    up = (part.uv * [1, -1] + [0, 1]).astype(np.float32)  # USD counts v from the bottom
    uv = UsdGeom.PrimvarsAPI(mesh).CreatePrimvar(
        "st", Sdf.ValueTypeNames.TexCoord2fArray, UsdGeom.Tokens.vertex
    )
    uv.Set(Vt.Vec2fArray.FromNumpy(up))
    material = UsdShade.Material.Define(stage, "/Model/Material")
    surface = UsdShade.Shader.Define(stage, "/Model/Material/Surface")
    surface.CreateIdAttr("UsdPreviewSurface")
    surface.CreateInput("roughness", Sdf.ValueTypeNames.Float).Set(0.9)
    surface.CreateInput("metallic", Sdf.ValueTypeNames.Float).Set(0.0)
    reader = UsdShade.Shader.Define(stage, "/Model/Material/St")
    reader.CreateIdAttr("UsdPrimvarReader_float2")
    reader.CreateInput("varname", Sdf.ValueTypeNames.String).Set("st")
    st = reader.CreateOutput("result", Sdf.ValueTypeNames.Float2)
    slots = (
        (colour, "diffuseColor", "rgb", Sdf.ValueTypeNames.Color3f, "sRGB"),
        ("normals.png", "normal", "rgb", Sdf.ValueTypeNames.Normal3f, "raw"),
        ("occlusion.jpg", "occlusion", "r", Sdf.ValueTypeNames.Float, "raw"),
    )
    for name, slot, channel, kind, space in slots:
        if name not in pictures:
            continue
        texture = UsdShade.Shader.Define(stage, f"/Model/Material/{slot}")
        texture.CreateIdAttr("UsdUVTexture")
        texture.CreateInput("file", Sdf.ValueTypeNames.Asset).Set(Sdf.AssetPath(name))
        texture.CreateInput("sourceColorSpace", Sdf.ValueTypeNames.Token).Set(space)
        texture.CreateInput("st", Sdf.ValueTypeNames.Float2).ConnectToSource(st)
        for side in ("wrapS", "wrapT"):
            texture.CreateInput(side, Sdf.ValueTypeNames.Token).Set(
                _WRAPS[look.texture.wrap[side == "wrapT"]]
            )
        if slot == "normal":
            texture.CreateInput("scale", Sdf.ValueTypeNames.Float4).Set(Gf.Vec4f(2, 2, 2, 1))
            texture.CreateInput("bias", Sdf.ValueTypeNames.Float4).Set(Gf.Vec4f(-1, -1, -1, 0))
        out = texture.CreateOutput(channel, kind if channel == "rgb" else Sdf.ValueTypeNames.Float)
        surface.CreateInput(slot, kind).ConnectToSource(out)
        if clear and slot == "diffuseColor":
            alpha = texture.CreateOutput("a", Sdf.ValueTypeNames.Float)
            surface.CreateInput("opacity", Sdf.ValueTypeNames.Float).ConnectToSource(alpha)
            if look.alpha == "mask":
                surface.CreateInput("opacityThreshold", Sdf.ValueTypeNames.Float).Set(look.cutoff)
    material.CreateSurfaceOutput().ConnectToSource(
        surface.CreateOutput("surface", Sdf.ValueTypeNames.Token)
    )
    UsdShade.MaterialBindingAPI.Apply(mesh.GetPrim()).Bind(material)
    stage.GetRootLayer().Save()
    package = Sdf.ZipFileWriter.CreateNew(
        str(made)
    )  # aligned to 64 bytes, as the format wants; not a plain zip
    for name in ("model.usdc", *pictures):
        package.AddFile(str(inside / name), name)
    package.Save()
    return tuple(pictures)


def _prove_usdz(made: Path, part: Part, pictures: tuple[str, ...], name: str) -> None:
    """Opened again: the same triangles, and every picture where the material looks for it."""
    from pxr import Sdf, Usd, UsdGeom

    stage = Usd.Stage.Open(str(made))
    mesh = UsdGeom.Mesh.Get(stage, "/Model/Mesh")
    points = np.array(mesh.GetPointsAttr().Get())
    faces = np.array(mesh.GetFaceVertexIndicesAttr().Get()).reshape(-1, 3)
    held = set(Sdf.ZipFile.Open(str(made)).GetFileNames())
    if (
        not np.array_equal(points, part.vertices)
        or not np.array_equal(faces, part.faces)
        or not held >= set(pictures)
    ):
        raise ProofFailed(f"{name} was not written: read again, it is not what was meant; please report it")
