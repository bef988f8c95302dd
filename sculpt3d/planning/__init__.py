"""Before dense stereo: what the cameras and tie points alone say of the model to come, and where more photos would help."""
