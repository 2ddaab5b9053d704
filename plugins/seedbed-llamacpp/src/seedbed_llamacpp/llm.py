"""The backend `llamacpp`: a GGUF model that llama.cpp runs inside this process."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from pydantic import Field, PrivateAttr

from seedbed import LLM, Capabilities, Request, Response, SchemaDialect, SchemaInPrompt
from seedbed_llamacpp.call import Call
from seedbed_llamacpp.hub import HUB_PREFIX
from seedbed_llamacpp.model_files import model_file, model_name
from seedbed_llamacpp.server import Settings
from seedbed_llamacpp.servers import Lease, answered, servers
from seedbed_llamacpp.translate import request_body, response_of

GRAMMAR = SchemaDialect(
    name="llama.cpp",
    keywords=frozenset({"minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum", "multipleOf"})
    | {"pattern", "minItems", "maxItems", "minLength", "maxLength"},
    formats=frozenset({"date-time", "time", "date", "uuid"}),
    constructs=frozenset({"any_value", "open_object", "tuple", "recursion", "any_root"}),
    anchored_patterns=True,
    largest_count=1000,
)
"""What llama.cpp can turn into a grammar, of which it doesn't tell the model.

It refuses a grammar that repeats a part more than 2000 times:
https://github.com/ggml-org/llama.cpp/blob/master/grammars/README.md#json-schemas--gbnf
"""


class LlamaCppLLM(LLM):
    """A model in a GGUF file, run by llama.cpp inside the process.

        LlamaCppLLM(model="smollm2-135m", temperature=0.7, parallel=4)

    `model` is a name (`smollm2-135m`), a path that ends in `.gguf`, or `hf:org/repo/file.gguf`. All
    LLMs with the same file and settings share one loaded model.
    """

    backend = "llamacpp"
    connection_fields = frozenset({"timeout", "parallel", "threads", "gpu_layers"})

    parallel: int = Field(
        default=1,
        ge=1,
        le=256,
        description="Answers written at once; with more than one, an answer may depend on the others.",
    )
    context: int = Field(
        default=2048,
        ge=256,
        description="Tokens of one prompt with its answer, rounded up to a multiple of 256.",
    )
    max_tokens: int | None = Field(
        default=512, ge=1, description="The longest answer, in tokens; null: up to the end of the context."
    )
    threads: int | None = Field(
        default=None, ge=1, description="Threads that compute; one per core if unset."
    )
    schema_in_prompt: SchemaInPrompt | None = Field(
        default=None,
        description="When a JSON Schema is part of the prompt; unset: if it has descriptions.",
    )
    gpu_layers: int | None = Field(
        default=None, ge=0, description="Layers of the model on the GPU; as many as fit if unset."
    )

    _lease: Lease | None = PrivateAttr(default=None)

    @property
    def needed_packages(self) -> dict[str, str]:
        """What gets files from the hub."""
        return {"huggingface_hub": "seedbed-llamacpp[hub]"} if self.model.startswith(HUB_PREFIX) else {}

    @property
    def capabilities(self) -> Capabilities:
        """Structured output by grammar, log probabilities, seeds and raw prompts."""
        dialect = replace(GRAMMAR, in_prompt=self.schema_in_prompt or "described")
        return Capabilities(
            structured_output=True, logprobs=True, seed=True, raw_prompt=True, schema_dialect=dialect
        )

    @property
    def model_name(self) -> str:
        """The model as written, or the stem of its file, so that no folder of this machine is in a row."""
        return model_name(self.model)

    @property
    def endpoint(self) -> str:
        """The server inside the process, by its model and settings."""
        return f"{self.backend}:{self.model}:{self.parallel}x{self.context}:{self.threads}:{self.gpu_layers}"

    @property
    def price_id(self) -> str:
        """The model runs on this machine, so its calls cost nothing."""
        return "free"

    @property
    def slots(self) -> int:
        """How many answers the model writes at once."""
        return self.parallel

    def load(self) -> None:
        """Load the model, unless another LLM of this process has; downloads a file from the hub first."""
        path = model_file(self.model)
        settings = Settings(path, self.parallel, self.context, self.threads, self.gpu_layers)
        self._lease = servers().lease(settings)

    def unload(self) -> None:
        """Release the model; the last LLM that does so frees it, and stops the answers in flight."""
        super().unload()
        if self._lease is not None:
            servers().release(self._lease)
            self._lease = None

    async def check(self) -> None:
        """Raise if there's no such model, or if its file isn't a GGUF file; nothing is loaded yet."""
        await asyncio.to_thread(model_file, self.model)

    async def respond(self, request: Request) -> Response:
        """Ask the model once. If it's cancelled, the model stops at its next token."""
        body = request_body(request)
        lease = self._lease
        if lease is None or lease.server.closed:
            await asyncio.to_thread(self.load)
            lease = self._lease
        assert lease is not None
        answer = await answered(lease, Call(body))
        return response_of(answer, request, lease.settings.path.stem)
