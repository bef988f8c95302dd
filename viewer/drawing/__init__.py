"""The picture of a document in a state: by OpenGL, or by rays where there is none."""
