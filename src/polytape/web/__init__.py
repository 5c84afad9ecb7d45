"""The page that the gateway serves at `/`; its source is in web/ beside src/."""
