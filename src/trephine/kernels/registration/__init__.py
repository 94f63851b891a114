"""Lay one image on another: rigid, affine and smooth maps between bare arrays."""
