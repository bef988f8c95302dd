"""The desktop viewer; imports sculpt3d only."""
