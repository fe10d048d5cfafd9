"""The Python API: `Identifier` names faces without Kedro."""
