"""Pictures of models by three.js in Chromium: an independent reader and renderer, colours without light."""

from __future__ import annotations

import base64
import functools
import http.server
import io
import json
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from viewer.state.commands import State

VERSION = "0.187.0"

_PAGE = """<!doctype html><script type="importmap">
{"imports": {"three": "/three/build/three.module.js", "three/addons/": "/three/examples/jsm/"}}</script>
<script type="module">
import * as THREE from 'three';
import { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';
import { PLYLoader } from 'three/addons/loaders/PLYLoader.js';
import { OBJLoader } from 'three/addons/loaders/OBJLoader.js';
import { MTLLoader } from 'three/addons/loaders/MTLLoader.js';
import { DRACOLoader } from 'three/addons/loaders/DRACOLoader.js';
import { MeshoptDecoder } from 'three/addons/libs/meshopt_decoder.module.js';

const jobs = await (await fetch('/jobs')).json();
const gltf = new GLTFLoader();
gltf.setMeshoptDecoder(MeshoptDecoder);
gltf.setDRACOLoader(new DRACOLoader().setDecoderPath('/three/examples/jsm/libs/draco/gltf/'));
const renderer = new THREE.WebGLRenderer({ antialias: true, preserveDrawingBuffer: true });

async function read(file) {
  const kind = file.split('.').pop(), folder = file.slice(0, file.lastIndexOf('/') + 1);
  if (kind === 'ply') {
    const shape = await new PLYLoader().loadAsync(file);
    return new THREE.Mesh(shape, new THREE.MeshBasicMaterial({ vertexColors: 'color' in shape.attributes }));
  }
  if (kind === 'obj') {
    const text = await (await fetch(file)).text(), library = /^mtllib (.*)$/m.exec(text);
    const manager = new THREE.LoadingManager(), loader = new OBJLoader();
    const all = new Promise(done => { manager.onLoad = done; });
    if (library) {
      const materials = await new MTLLoader(manager).setPath(folder).loadAsync(library[1].trim());
      manager.itemStart('model');
      materials.preload();
      loader.setMaterials(materials);
    } else manager.itemStart('model');
    const found = loader.parse(text);
    manager.itemEnd('model');
    await all;
    return found;
  }
  return (await gltf.loadAsync(file)).scene;
}

function plain(m) {
  return new THREE.MeshBasicMaterial({
    map: m.map || null, color: m.color, vertexColors: m.vertexColors, alphaTest: m.alphaTest,
    transparent: m.transparent, opacity: m.opacity, depthWrite: m.depthWrite, side: THREE.DoubleSide });
}

async function tell(answer) { await fetch('/told', { method: 'POST', body: JSON.stringify(answer) }); }

for (const job of jobs) {
  try {
    const scene = new THREE.Scene(), model = await read(job.file);
    model.traverse(o => { if (o.isMesh) o.material = Array.isArray(o.material) ? o.material.map(plain) : plain(o.material); });
    scene.add(model);
    const camera = new THREE.PerspectiveCamera();
    camera.matrixAutoUpdate = camera.matrixWorldAutoUpdate = false;
    camera.matrixWorldInverse.fromArray(job.view);
    camera.matrixWorld.copy(camera.matrixWorldInverse).invert();
    camera.projectionMatrix.fromArray(job.projection);
    camera.projectionMatrixInverse.copy(camera.projectionMatrix).invert();
    renderer.setSize(job.width, job.height, false);
    renderer.setClearColor(0xff00ff);
    renderer.render(scene, camera);
    await tell({ name: job.name, picture: renderer.domElement.toDataURL('image/png') });
  } catch (error) {
    await tell({ name: job.name, problem: String(error) });
  }
}
await tell({ done: true });
</script>"""


def fetch_three(folder: Path) -> Path:
    """The package in a folder that outlives the tests; skips where there is neither it nor a network."""
    found = folder / "node_modules" / "three"
    if not (found / "build" / "three.module.js").is_file():
        if shutil.which("npm") is None:
            pytest.skip("no npm here, which brings three.js")
        command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", f"three@{VERSION}"]
        (folder / "package.json").write_text("{}")
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)
        if done.returncode:
            pytest.skip(f"three.js cannot be fetched: {done.stderr[-200:]}")
    return found


def browser() -> str:
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next((p for n in names if (p := shutil.which(n))), None)
    if found is None:
        pytest.skip("no Chromium here")
    return found


class _Server(http.server.SimpleHTTPRequestHandler):
    """three.js below /three/, the data below /data/; takes what the page tells."""

    def __init__(
        self, *args: Any, three: Path, data: Path, jobs: list[Any], told: list[Any], over: Any
    ) -> None:
        self.places = {"/three/": three, "/data/": data}
        self.jobs, self.told, self.over = jobs, told, over
        super().__init__(*args, directory=str(data))

    def translate_path(self, path: str) -> str:
        for start, folder in self.places.items():
            if path.startswith(start):
                self.directory = str(folder)
                return super().translate_path(path[len(start) - 1 :])
        return "/nowhere"

    def do_GET(self) -> None:
        if self.path not in {"/", "/jobs"}:
            return super().do_GET()
        body = (_PAGE if self.path == "/" else json.dumps(self.jobs)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html" if self.path == "/" else "application/json")
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        answer = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(204)
        self.end_headers()
        self.told.append(answer)
        if answer.get("done"):
            self.over.set()

    def log_message(self, format: str, *args: Any) -> None:
        pass


def browser_pictures(
    models: dict[str, tuple[State, tuple[int, int], int]], data: Path, three: Path, profile: Path
) -> dict[str, np.ndarray | str]:
    """Of each model, a path below `data`: (H, W, 3) on magenta as its state's camera sees it, or what went wrong.

    Drawn `finer` times as large and averaged: the browser's own smoothing leaves cut-outs rough.
    """
    jobs = [
        {
            "name": name, "file": f"/data/{name}", "width": finer * size[0], "height": finer * size[1],
            "view": state.camera.view().T.ravel().tolist(),
            "projection": state.camera.projection(*size).T.ravel().tolist(),
        }
        for name, (state, size, finer) in models.items()
    ]  # fmt: skip
    told: list[Any] = []
    over = threading.Event()
    handler = functools.partial(_Server, three=three, data=data, jobs=jobs, told=told, over=over)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        flags = ["--headless=new", "--no-sandbox", "--use-angle=swiftshader", "--enable-unsafe-swiftshader",
                 f"--user-data-dir={profile}"]  # fmt: skip
        running = subprocess.Popen(
            [browser(), *flags, f"http://127.0.0.1:{server.server_port}/"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        heard = over.wait(30 + 10 * len(jobs))
        running.terminate()
        running.wait(30)
        server.shutdown()
    assert heard, "the browser did not get through"
    return {
        t["name"]: _pixels(t["picture"], models[t["name"]][2]) if "picture" in t else t["problem"]
        for t in told
        if "name" in t
    }


def _pixels(address: str, finer: int) -> np.ndarray:
    with Image.open(io.BytesIO(base64.b64decode(address.split(",")[1]))) as picture:
        pixels = np.asarray(picture.convert("RGB"), np.float64)
    height, width = pixels.shape[0] // finer, pixels.shape[1] // finer
    return np.asarray(pixels.reshape(height, finer, width, finer, 3).mean((1, 3)) + 0.5, np.uint8)
