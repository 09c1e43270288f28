"""The one engine: takes many people through many steps in one transaction."""
