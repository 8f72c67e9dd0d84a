"""Model servers that speak the real protocols over real sockets, keep every byte they receive, and fail on demand."""

from tests.model_servers.anthropic import AnthropicServer
from tests.model_servers.ollama import OllamaServer
from tests.model_servers.openai_compatible import OpenAIServer
from tests.model_servers.serving import BreaksOff, Fails, Stalls, a_closed_address

__all__ = ["AnthropicServer", "BreaksOff", "Fails", "OllamaServer", "OpenAIServer", "Stalls", "a_closed_address"]
