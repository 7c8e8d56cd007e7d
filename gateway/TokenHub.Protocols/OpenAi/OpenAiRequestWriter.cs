using System.Buffers;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Json;
using TokenHub.Protocols.OpenAi.Requests;

namespace TokenHub.Protocols.OpenAi;

/// <summary>Writes a request of Chat Completions, for OpenAI's own models and for servers that resemble them.</summary>
internal sealed class OpenAiRequestWriter : IRequestWriter
{
    /// <summary>Alternatives to a token that OpenAI tells at most.</summary>
    public const int TopChancesMax = 20;

    private const int StopsMax = 4;

    public bool TakesUrl(MediaPart part, UpstreamModel model) => part.Kind == MediaKind.Image;

    public void Write(ChatRequest request, UpstreamModel model, IBufferWriter<byte> body, Dropped dropped)
    {
        CallPairing.Complete(request);
        CallPairing.AnswerAll(request);
        using var json = JsonRaw.NewWriter(body);
        var run = new OpenAiRequestRun(json, request, model, dropped);
        json.WriteStartObject();
        json.WriteString("model"u8, model.Name);
        new OpenAiTurnWriter(run).Write();
        new OpenAiToolWriter(run).Write();
        WriteFormat(run);
        WriteLimits(run);
        WriteSampling(run);
        WriteReasoning(run);
        WriteCaller(run);
        if (request.Stream)
        {
            json.WriteBoolean("stream"u8, true);
            json.WriteStartObject("stream_options"u8);
            json.WriteBoolean("include_usage"u8, true);
            json.WriteEndObject();
        }

        WriteOthers(run);
        json.WriteEndObject();
    }

    private static void WriteFormat(OpenAiRequestRun run)
    {
        var (json, format) = (run.Json, run.Request.Format);
        if (format is null or { Kind: OutputFormatKind.Text })
        {
            return;
        }

        var isSchema = format is { Kind: OutputFormatKind.JsonSchema, Schema: not null };
        if (isSchema && run.Facts.RefusesJsonSchema)
        {
            run.Drop(Wish.Format);
            isSchema = false;
        }

        json.WriteStartObject("response_format"u8);
        json.WriteString("type"u8, isSchema ? "json_schema"u8 : "json_object"u8);
        if (isSchema)
        {
            json.WriteStartObject("json_schema"u8);
            WriteSchema(run, format);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    /// <summary>The members of a schema's form, which Chat and Responses have in common.</summary>
    public static void WriteSchema(OpenAiRequestRun run, OutputFormat format)
    {
        var json = run.Json;
        json.WriteString("name"u8, ToolBook.ToldName(format.Name is { Length: > 0 } name ? name : "answer"));
        if (format.Description is { } description)
        {
            json.WriteString("description"u8, description);
        }

        json.WriteAsItIs("schema"u8, format.Schema!.Value);
        if (StrictSchema.Of(format.Strict, format.Schema, run.Request.Dialect) is { } isStrict)
        {
            json.WriteBoolean("strict"u8, isStrict);
        }
    }

    private static void WriteLimits(OpenAiRequestRun run)
    {
        var (json, request) = (run.Json, run.Request);
        if (request.OutputTokensMax is { } max)
        {
            var isNew = run.Facts.RefusesMaxTokens || !run.Model.IsCompatible;
            json.WriteNumber(
                isNew ? "max_completion_tokens"u8 : "max_tokens"u8, Math.Min(max, run.Model.OutputTokensMax ?? max));
        }

        var stops = request.Stop.FindAll(stop => stop.Length > 0);
        var told = run.Facts.RefusesStop ? 0 : Math.Min(stops.Count, StopsMax);
        request.CutHere(stops[told..], run.Dropped);
        request.IsReadToItsEnd = run.Facts.IsReasoning;
        if (told > 0)
        {
            json.WriteStartArray("stop"u8);
            stops[..told].ForEach(json.WriteStringValue);
            json.WriteEndArray();
        }
    }

    private static void WriteSampling(OpenAiRequestRun run)
    {
        var (json, sampling) = (run.Json, run.Request.Sampling);

        // The only value that is taken is the one that stands for saying nothing.
        run.Number(Wish.Temperature, "temperature"u8, sampling.Temperature, run.Facts.RefusesSampling, standard: 1);
        run.Number(Wish.TopP, "top_p"u8, sampling.TopP, run.Facts.RefusesSampling, standard: 1);
        run.Number(
            Wish.FrequencyPenalty, "frequency_penalty"u8, sampling.FrequencyPenalty, run.Facts.RefusesSampling,
            standard: 0);
        run.Number(
            Wish.PresencePenalty, "presence_penalty"u8, sampling.PresencePenalty, run.Facts.RefusesSampling,
            standard: 0);
        run.DropIf(Wish.TopK, sampling.TopK is not null && run.Request.Dialect != Dialect.Chat);
        if (sampling.TopK is { } topK && run.Request.Dialect == Dialect.Chat)
        {
            json.WriteNumber("top_k"u8, topK);
        }

        if (sampling.Seed is { } seed)
        {
            json.WriteNumber("seed"u8, seed);
        }

        if (sampling.N is > 1)
        {
            json.WriteNumber("n"u8, sampling.N.Value);
        }

        if (sampling.LogitBias is { } bias)
        {
            run.DropIf(Wish.LogitBias, run.Facts.RefusesSampling);
            if (!run.Facts.RefusesSampling)
            {
                json.WriteAsItIs("logit_bias"u8, bias);
            }
        }

        run.DropIf(Wish.Logprobs, sampling.AsksChances && run.Facts.RefusesSampling);
        if (sampling.AsksChances && !run.Facts.RefusesSampling)
        {
            json.WriteBoolean("logprobs"u8, true);
            if (sampling.TopLogprobs is { } top)
            {
                json.WriteNumber("top_logprobs"u8, Math.Min(top, TopChancesMax));
            }
        }
    }

    private static void WriteReasoning(OpenAiRequestRun run)
    {
        var (json, facts) = (run.Json, run.Facts);
        if (run.Request.Reasoning is not { } wish)
        {
            return;
        }

        var effort = wish.ToEffort();
        var isOff = effort == Effort.None;
        if (effort is { } asked)
        {
            // A server of which nothing is known may not know how to say none.
            if (facts.TakesEffort && !(isOff && (run.Model.IsCompatible || facts.WantsReasoningAlways)))
            {
                json.WriteString("reasoning_effort"u8, facts.Clamp(asked).Word());
            }

            run.DropIf(Wish.Reasoning, !facts.TakesEffort && !isOff);
        }

        if (facts.WantsReasoningAlways && effort is not null)
        {
            json.WriteStartObject("thinking"u8);
            json.WriteString("type"u8, isOff ? "disabled"u8 : "enabled"u8);
            json.WriteEndObject();
        }

        // OpenAI's models keep their thoughts to themselves here.
        if (wish.Summary is not null && !run.Model.IsCompatible && run.Request.Dialect == Dialect.Responses)
        {
            run.Dropped.Add("reasoning.summary");
        }
    }

    private static void WriteCaller(OpenAiRequestRun run)
    {
        var (json, request, isOwn) = (run.Json, run.Request, !run.Model.IsCompatible);
        if (request.EndUser is { Length: > 0 } user)
        {
            json.WriteString(isOwn ? "safety_identifier"u8 : "user"u8, OpenAiRequestRun.ShortUser(user));
        }

        // What a server does not know it may refuse, and these change nothing but the price.
        if (isOwn && request.PromptCacheKey is { Length: > 0 } key)
        {
            json.WriteString("prompt_cache_key"u8, OpenAiRequestRun.ShortUser(key));
        }

        if (OpenAiRequestRun.Tier(request.ServiceTier) is { } tier && (isOwn || tier != "default"))
        {
            run.DropIf(Wish.ServiceTier, !isOwn || tier.Length == 0);
            if (isOwn && tier.Length > 0)
            {
                json.WriteString("service_tier"u8, tier);
            }
        }

        if (request.Verbosity is { Length: > 0 } verbosity)
        {
            var isKnown = run.Facts.TakesVerbosity && isOwn;
            run.DropIf(Wish.Verbosity, !isKnown && verbosity != "medium");
            if (isKnown)
            {
                json.WriteString("verbosity"u8, verbosity);
            }
        }

        // Taken only together with store.
        run.DropIf(Wish.Metadata, request.Metadata is { } metadata && metadata.EnumerateObject().Any());
    }

    private static void WriteOthers(OpenAiRequestRun run)
    {
        foreach (var (name, value) in run.Request.Others)
        {
            var isKnown = run.Request.Dialect == Dialect.Chat
                || (!run.Model.IsCompatible && OpenAiRequestRun.Shared.Contains(name));
            if (isKnown && !name.Contains('.', StringComparison.Ordinal))
            {
                run.Json.WritePropertyName(name);
                run.Json.WriteAsItIs(value);
            }
            else
            {
                run.Dropped.Add(name);
            }
        }
    }
}
