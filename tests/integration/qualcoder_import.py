"""Have QualCoder import a project or a code book into a new project of its own, run by the Python that has its needs.

    python qualcoder_import.py SOURCE FILE PROJECT     PROJECT/data.qda is the database that its own code has filled

Its tables are those that its own program creates, read from its source. Only what would wait for a person is answered
here: the dialog that asks for a file, and messages.
"""

import ast
import os
import sqlite3
import sys
from pathlib import Path

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


class App:
    """What its import asks of the program around it."""

    def __init__(self, project):
        self.project_path = str(project)
        self.conn = sqlite3.connect(project / "data.qda")
        self.settings = {"codername": "default", "directory": str(project), "ai_enable": "False", "fontsize": 10}
        self.ai_models = []

    def write_config_ini(self, settings, models):
        """Settings of a person are kept nowhere."""


class Told:
    """The window in which it tells what it does."""

    def append(self, text):
        print(text)


class Silent:
    """A message that nobody has to close."""

    def __init__(self, app, title, text, icon=None):
        print(f"{title}: {text}")

    def exec(self):
        return 0


def statements(source):
    """Every table that a new project has, as the program itself creates it."""
    tree = ast.parse((source / "src" / "qualcoder" / "__main__.py").read_text("utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    for function in functions:
        texts = [node.value for node in ast.walk(function) if isinstance(node, ast.Constant)]
        found = [text for text in texts if isinstance(text, str) and text.startswith("CREATE TABLE ")]
        if any(text.startswith("CREATE TABLE project") for text in found):
            return found
    raise SystemExit("QualCoder creates its tables elsewhere than this test knows")


def main(source, file, project):
    for folder in ("images", "audio", "video", "documents"):
        (project / folder).mkdir(parents=True)
    app = App(project)
    for statement in statements(source):
        app.conn.execute(statement)
    app.conn.execute("insert into project (databaseversion) values ('v17')")
    app.conn.commit()

    sys.path.insert(0, str(source / "src"))
    from PyQt6 import QtWidgets

    application = QtWidgets.QApplication([])
    from qualcoder import refi

    refi.Message = Silent
    QtWidgets.QFileDialog.getOpenFileName = staticmethod(lambda *asked, **options: (str(file), True))
    refi.RefiImport(app, Told(), file.suffix.lstrip("."))
    app.conn.commit()
    app.conn.close()
    application.quit()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
