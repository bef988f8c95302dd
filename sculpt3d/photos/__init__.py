"""The door for pictures: finding, decoding, colour, EXIF and who shares a camera, masks, sharpness."""
