using System.Buffers;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Json;
using TokenHub.Protocols.OpenAi;
using TokenHub.Protocols.OpenAi.Requests;
using TokenHub.Protocols.Responses.Requests;

namespace TokenHub.Protocols.Responses;

/// <summary>
/// Writes a request of Responses. Nothing is kept by the upstream: thoughts come back encrypted and are sent again.
/// </summary>
internal sealed class ResponsesRequestWriter : IRequestWriter
{
    private const long OutputTokensMin = 16;

    public bool TakesUrl(MediaPart part, UpstreamModel model) => part.Kind is MediaKind.Image or MediaKind.Document;

    public void Write(ChatRequest request, UpstreamModel model, IBufferWriter<byte> body, Dropped dropped)
    {
        if (request.Sampling.N is > 1)
        {
            throw new UntranslatableException(
                "This model gives one answer to a request: send the request again for another.",
                request.NameOf(Wish.N));
        }

        CallPairing.Complete(request);
        CallPairing.AnswerAll(request);
        request.ReportNames(dropped);
        using var json = JsonRaw.NewWriter(body);
        var run = new OpenAiRequestRun(json, request, model, dropped);
        json.WriteStartObject();
        json.WriteString("model"u8, model.Name);
        new ResponsesInputWriter(run).Write();
        new ResponsesToolWriter(run).Write();
        WriteText(run);
        WriteReasoning(run);
        WriteSampling(run);
        WriteCaller(run);
        json.WriteBoolean("store"u8, false);
        if (request.Stream)
        {
            json.WriteBoolean("stream"u8, true);
        }

        WriteOthers(run);
        json.WriteEndObject();
    }

    private static void WriteText(OpenAiRequestRun run)
    {
        var (json, format, verbosity) = (run.Json, run.Request.Format, run.Request.Verbosity);
        var isFormed = format is not (null or { Kind: OutputFormatKind.Text });
        var isWordy = verbosity is { Length: > 0 } && run.Facts.TakesVerbosity;
        run.DropIf(Wish.Verbosity, !isWordy && verbosity is not (null or "" or "medium"));
        if (!isFormed && !isWordy)
        {
            return;
        }

        json.WriteStartObject("text"u8);
        if (isFormed)
        {
            var isSchema = format is { Kind: OutputFormatKind.JsonSchema, Schema: not null };
            json.WriteStartObject("format"u8);
            json.WriteString("type"u8, isSchema ? "json_schema"u8 : "json_object"u8);
            if (isSchema)
            {
                OpenAiRequestWriter.WriteSchema(run, format!);
            }

            json.WriteEndObject();
        }

        if (isWordy)
        {
            json.WriteString("verbosity"u8, verbosity);
        }

        json.WriteEndObject();
    }

    private static void WriteReasoning(OpenAiRequestRun run)
    {
        var (json, wish, facts) = (run.Json, run.Request.Reasoning, run.Facts);
        var effort = wish?.ToEffort();
        run.DropIf(Wish.Reasoning, !facts.TakesEffort && effort is not (null or Effort.None));
        var summary = wish is null || !facts.TakesEffort || effort == Effort.None ? null : SummaryOf(run, wish);
        if (facts.TakesEffort && (effort is not null || summary is not null))
        {
            json.WriteStartObject("reasoning"u8);
            if (effort is { } asked)
            {
                json.WriteString("effort"u8, facts.Clamp(asked).Word());
            }

            if (summary is not null)
            {
                json.WriteString("summary"u8, summary);
            }

            json.WriteEndObject();
        }

        // A model that does not think refuses to be asked for its thoughts, one that does for probabilities.
        var asksThoughts = facts.IsReasoning || (facts.TakesEffort && wish is not null);
        var asksChances = run.Request.Sampling.AsksChances && !facts.RefusesSampling;
        if (asksThoughts || asksChances)
        {
            json.WriteStartArray("include"u8);
            if (asksThoughts)
            {
                json.WriteStringValue("reasoning.encrypted_content"u8);
            }

            if (asksChances)
            {
                json.WriteStringValue("message.output_text.logprobs"u8);
            }

            json.WriteEndArray();
        }
    }

    // Anthropic's clients get to read thoughts unless they say otherwise; the others have to ask.
    private static string? SummaryOf(OpenAiRequestRun run, ReasoningWish wish) =>
        wish.Summary ?? (wish.ShowsText ?? run.Request.Dialect == Dialect.Anthropic ? "auto" : null);

    private static void WriteSampling(OpenAiRequestRun run)
    {
        var (json, request, sampling) = (run.Json, run.Request, run.Request.Sampling);
        if (request.OutputTokensMax is { } max)
        {
            json.WriteNumber(
                "max_output_tokens"u8, Math.Max(OutputTokensMin, Math.Min(max, run.Model.OutputTokensMax ?? max)));
        }

        run.Number(Wish.Temperature, "temperature"u8, sampling.Temperature, run.Facts.RefusesSampling, standard: 1);
        run.Number(Wish.TopP, "top_p"u8, sampling.TopP, run.Facts.RefusesSampling, standard: 1);
        request.CutHere(request.Stop, run.Dropped);
        request.IsReadToItsEnd = run.Facts.IsReasoning;
        run.DropIf(Wish.TopK, sampling.TopK is not null);
        run.DropIf(Wish.Seed, sampling.Seed is not null);
        run.DropIf(Wish.FrequencyPenalty, sampling.FrequencyPenalty is not (null or 0));
        run.DropIf(Wish.PresencePenalty, sampling.PresencePenalty is not (null or 0));
        run.DropIf(Wish.LogitBias, sampling.LogitBias is { } bias && bias.EnumerateObject().Any());
        run.DropIf(Wish.Logprobs, sampling.AsksChances && run.Facts.RefusesSampling);
        if (sampling is { AsksChances: true, TopLogprobs: { } top } && !run.Facts.RefusesSampling)
        {
            json.WriteNumber("top_logprobs"u8, Math.Min(top, OpenAiRequestWriter.TopChancesMax));
        }
    }

    private static void WriteCaller(OpenAiRequestRun run)
    {
        var (json, request) = (run.Json, run.Request);
        if (request.EndUser is { Length: > 0 } user)
        {
            json.WriteString("safety_identifier"u8, OpenAiRequestRun.ShortUser(user));
        }

        if (request.PromptCacheKey is { Length: > 0 } key)
        {
            json.WriteString("prompt_cache_key"u8, OpenAiRequestRun.ShortUser(key));
        }

        if (OpenAiRequestRun.Tier(request.ServiceTier) is { } tier)
        {
            run.DropIf(Wish.ServiceTier, tier.Length == 0);
            if (tier.Length > 0)
            {
                json.WriteString("service_tier"u8, tier);
            }
        }

        if (request.Metadata is { } metadata)
        {
            json.WriteAsItIs("metadata"u8, metadata);
        }
    }

    private static void WriteOthers(OpenAiRequestRun run)
    {
        foreach (var (name, value) in run.Request.Others)
        {
            var isKnown = run.Request.Dialect == Dialect.Responses || OpenAiRequestRun.Shared.Contains(name);
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
