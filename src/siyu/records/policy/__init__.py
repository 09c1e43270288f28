"""Policy is asked, not remembered: a pure evaluator over a typed context."""
