"""Dense multi-view stereo: neighbours, depth maps, fusion."""
