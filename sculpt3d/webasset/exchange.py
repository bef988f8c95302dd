"""An asset in the other programs' formats: USDZ for Quick Look, OBJ with MTL, PLY, STL in millimetres for printing."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import numpy as np

from sculpt3d.errors import InputError
from sculpt3d.files import write_atomic
from sculpt3d.models.ply import write_mesh
from sculpt3d.surface.topology import face_areas
from sculpt3d.types import Mesh
from sculpt3d.webasset.glb import Label
from sculpt3d.webasset.maps import Asset
from sculpt3d.webasset.pictures import encode_picture
from sculpt3d.webasset.proof import ProofFailed


def write_usdz(path: Path, asset: Asset, label: Label) -> None:
    """One mesh with a preview surface, +Y up; metres (as they are, where there is no scale)."""
    try:
        from pxr import Gf, Kind, Sdf, Usd, UsdGeom, UsdShade, Vt
    except ImportError as error:
        raise InputError("USDZ needs one more package: pip install 'sculpt3d[usdz]'") from error

    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".usdz-") as folder:
        inside = Path(folder)
        pictures = {"colour.jpg": encode_picture(asset.colour, "jpeg", 90)}
        if asset.normal_map is not None:
            pictures["normals.png"] = encode_picture(asset.normal_map, "png", 100)
        if asset.ao is not None:
            pictures["occlusion.jpg"] = encode_picture(asset.ao, "jpeg", 90)
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
        mesh.CreatePointsAttr(Vt.Vec3fArray.FromNumpy(asset.vertices))
        mesh.CreateExtentAttr(
            [Gf.Vec3f(*asset.vertices.min(0).tolist()), Gf.Vec3f(*asset.vertices.max(0).tolist())]
        )
        mesh.CreateFaceVertexCountsAttr(Vt.IntArray.FromNumpy(np.full(len(asset.faces), 3, np.int32)))
        mesh.CreateFaceVertexIndicesAttr(Vt.IntArray.FromNumpy(asset.faces.ravel().astype(np.int32)))
        mesh.CreateNormalsAttr(Vt.Vec3fArray.FromNumpy(asset.normals))
        mesh.SetNormalsInterpolation(UsdGeom.Tokens.vertex)
        mesh.CreateSubdivisionSchemeAttr(UsdGeom.Tokens.none)
        mesh.CreateDoubleSidedAttr(True)
        up = (asset.uv * [1, -1] + [0, 1]).astype(np.float32)  # USD counts v from the bottom
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
            ("colour.jpg", "diffuseColor", "rgb", Sdf.ValueTypeNames.Color3f, "sRGB"),
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
                texture.CreateInput(side, Sdf.ValueTypeNames.Token).Set("clamp")
            if slot == "normal":
                texture.CreateInput("scale", Sdf.ValueTypeNames.Float4).Set(Gf.Vec4f(2, 2, 2, 1))
                texture.CreateInput("bias", Sdf.ValueTypeNames.Float4).Set(Gf.Vec4f(-1, -1, -1, 0))
            out = texture.CreateOutput(channel, kind if channel == "rgb" else Sdf.ValueTypeNames.Float)
            surface.CreateInput(slot, kind).ConnectToSource(out)
        material.CreateSurfaceOutput().ConnectToSource(
            surface.CreateOutput("surface", Sdf.ValueTypeNames.Token)
        )
        UsdShade.MaterialBindingAPI.Apply(mesh.GetPrim()).Bind(material)
        stage.GetRootLayer().Save()
        made = inside / "made.usdz"
        package = Sdf.ZipFileWriter.CreateNew(
            str(made)
        )  # aligned to 64 bytes, as the format wants; not a plain zip
        for name in ("model.usdc", *pictures):
            package.AddFile(str(inside / name), name)
        package.Save()
        _prove_usdz(made, asset, tuple(pictures), path.name)
        os.replace(made, path)


def _prove_usdz(made: Path, asset: Asset, pictures: tuple[str, ...], name: str) -> None:
    """Opened again: the same triangles, and every picture where the material looks for it."""
    from pxr import Sdf, Usd, UsdGeom

    stage = Usd.Stage.Open(str(made))
    mesh = UsdGeom.Mesh.Get(stage, "/Model/Mesh")
    points = np.array(mesh.GetPointsAttr().Get())
    faces = np.array(mesh.GetFaceVertexIndicesAttr().Get()).reshape(-1, 3)
    held = set(Sdf.ZipFile.Open(str(made)).GetFileNames())
    if (
        not np.array_equal(points, asset.vertices)
        or not np.array_equal(faces, asset.faces)
        or not held >= set(pictures)
    ):
        raise ProofFailed(f"{name} was not written: read again, it is not what was meant; please report it")


def write_obj(path: Path, asset: Asset, label: Label) -> list[Path]:
    """NAME.obj, NAME.mtl and NAME.jpg side by side; in the model's unit, v up."""
    stem = path.stem
    picture, material = path.with_suffix(".jpg"), path.with_suffix(".mtl")
    write_atomic(picture, encode_picture(asset.colour, "jpeg", 92))
    write_atomic(material, f"newmtl {stem}\nKd 1 1 1\nKs 0 0 0\nillum 1\nmap_Kd {picture.name}\n".encode())
    rows = [f"# {label.name}, {'metres' if label.metric else 'no scale'}, +Y up", f"mtllib {material.name}"]
    rows += [f"v {x:.7g} {y:.7g} {z:.7g}" for x, y, z in asset.vertices.tolist()]
    rows += [f"vt {u:.6f} {1 - v:.6f}" for u, v in asset.uv.tolist()]
    rows += [f"vn {x:.4f} {y:.4f} {z:.4f}" for x, y, z in asset.normals.tolist()]
    rows += [f"usemtl {stem}"]
    rows += [f"f {a}/{a}/{a} {b}/{b}/{b} {c}/{c}/{c}" for a, b, c in (asset.faces + 1).tolist()]
    write_atomic(path, ("\n".join(rows) + "\n").encode())
    return [path, material, picture]


def write_ply(path: Path, mesh: Mesh, metric: bool) -> None:
    """Full mesh with its vertex colours and `filled`."""
    write_mesh(path, mesh, ("+Y up", "metres" if metric else "no scale"))


def write_stl(path: Path, mesh: Mesh, metric: bool) -> None:
    """Binary, millimetres, +Z up as printers' programs expect; without a scale the longest side becomes 100 mm."""
    v = mesh.vertices.astype(np.float64)
    scale = 1000.0 if metric else 100 / max(float(np.ptp(v, axis=0).max()), 1e-30)
    turned = (v @ np.array([[1, 0, 0], [0, 0, 1], [0, -1, 0]], np.float64) * scale).astype("<f4")
    faces = mesh.faces[face_areas(mesh.vertices, mesh.faces) > 0]
    a, b, c = (turned[faces[:, k]] for k in range(3))
    normal = np.cross((b - a).astype(np.float64), c - a)
    rows = np.zeros(len(faces), [("normal", "<f4", 3), ("corners", "<f4", (3, 3)), ("more", "<u2")])
    rows["normal"] = normal / np.maximum(np.linalg.norm(normal, axis=1, keepdims=True), 1e-30)
    rows["corners"] = np.stack([a, b, c], 1)
    head = ("Sculpt3D, millimetres" if metric else "Sculpt3D, no scale: longest side 100").ljust(80).encode()
    write_atomic(path, head + np.uint32(len(rows)).tobytes() + rows.tobytes())
