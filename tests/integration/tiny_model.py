"""A language model of one layer with random weights, in a GGUF file: it talks nonsense, and talks fast."""

from pathlib import Path

import numpy

WIDTH, HIDDEN, HEADS = 64, 128, 4
WORDS = ("▁red", "▁rose", "▁a", "▁flower", "▁on", "▁the", "▁meadow", *"abcdefghijklmnopqrstuvwxyz▁")
CONTROLS = ("<unk>", "<s>", "</s>")


def write_tiny_model(path: Path) -> None:
    """Write the model; the same bytes each time."""
    import gguf

    kinds = gguf.TokenType
    tokens = [*CONTROLS, *(f"<0x{byte:02X}>" for byte in range(256)), *WORDS]
    types = [kinds.UNKNOWN, kinds.CONTROL, kinds.CONTROL, *[kinds.BYTE] * 256, *[kinds.NORMAL] * len(WORDS)]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(512)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(1)
    writer.add_feed_forward_length(HIDDEN)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(WIDTH // HEADS)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([-float(number) for number in range(len(tokens))])
    writer.add_token_types([int(kind) for kind in types])
    writer.add_unk_token_id(0)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    for name, weights in _tensors(len(tokens)):
        writer.add_tensor(name, weights)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def _tensors(vocabulary):
    random = numpy.random.default_rng(7)

    def some(*shape):
        return (random.standard_normal(shape) * 0.2).astype(numpy.float32)

    # Rows of zeros: neither the end nor a lone byte is ever the likeliest, so that every answer has words.
    said = some(vocabulary, WIDTH)
    said[: vocabulary - len(WORDS)] = 0
    yield "token_embd.weight", some(vocabulary, WIDTH)
    for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
        yield f"blk.0.{name}.weight", some(WIDTH, WIDTH)
    yield "blk.0.ffn_gate.weight", some(HIDDEN, WIDTH)
    yield "blk.0.ffn_up.weight", some(HIDDEN, WIDTH)
    yield "blk.0.ffn_down.weight", some(WIDTH, HIDDEN)
    for name in ("blk.0.attn_norm", "blk.0.ffn_norm", "output_norm"):
        yield f"{name}.weight", numpy.ones(WIDTH, numpy.float32)
    yield "output.weight", said
