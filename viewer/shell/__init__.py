"""What holds the panels: letters, themes, hands, the bar, the line at the foot; drawn by imgui over the picture of the model."""
