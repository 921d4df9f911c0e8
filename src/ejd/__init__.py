"""The electronic journal that can prove itself."""
