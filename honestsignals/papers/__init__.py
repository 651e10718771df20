"""Tables for papers: forms of journals, cells of fits side by side, and what keeps fits from comparison."""
