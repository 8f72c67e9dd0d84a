"""A text that nothing is made of is shown to students when it was checked, and not before."""

from web_stage import PATIENCE, client_of, devserver_in, execute

from devserver.testing import ScriptedSafety, ScriptedTranslator

GRUESOME = "a gruesome monster"


class Watching(ScriptedSafety):
    """Looks at what students are shown while the final text is being checked."""

    def __init__(self, look):
        super().__init__(terms={GRUESOME: "violence"})
        self._look = look
        self.seen = ""

    def __call__(self, text, *, level, language, stage):
        if stage == 3:
            self.seen = self._look()
        return super().__call__(text, level=level, language=language, stage=stage)


def test_students_never_see_a_final_text_that_is_blocked(tmp_path):
    """Neither on the page while it waits for its check, nor afterwards, nor in the answer."""
    holder = {}

    def look():
        client, [job] = holder["client"], holder["runner"].jobs()
        return client.get(f"/runs/{job.execution_id}?audience=student").get_data(as_text=True)

    safety = Watching(look)
    translator = ScriptedTranslator({("Eine Blume", "en"): GRUESOME}, pairs=[("de", "en")])
    with (
        devserver_in(tmp_path, check_safety=safety, translator=translator) as devserver,
        client_of(devserver) as client,
    ):
        holder.update(client=client.application.test_client(), runner=client.application.extensions["runner"])
        answer = execute(client, input_text="Eine Blume", languages=["en"])
        run = answer.get_json()["execution_id"]
        assert devserver.recording.flush(PATIENCE)
        afterwards = client.get(f"/runs/{run}?audience=student").get_data(as_text=True)

    assert answer.status_code == 403
    assert answer.get_json()["metadata"] == {"stage": "pre_output", "safety_codes": ["violence"]}
    assert safety.seen
    for shown in (answer.get_data(as_text=True), safety.seen, afterwards):
        assert GRUESOME not in shown
