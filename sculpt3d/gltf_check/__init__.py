"""Is this glTF file sound, and is it a good web asset? Our own reading of the glTF 2.0 specification, in plain words."""

from sculpt3d.gltf_check.check import CheckReport, Opened, check_gltf, open_gltf, open_to_read

__all__ = ["CheckReport", "Opened", "check_gltf", "open_gltf", "open_to_read"]
