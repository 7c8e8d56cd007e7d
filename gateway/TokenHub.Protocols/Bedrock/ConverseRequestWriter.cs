using System.Buffers;
using System.Text.Json;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Bedrock;

/// <summary>Writes a request of Converse.</summary>
internal sealed class ConverseRequestWriter : IRequestWriter
{
    /// <summary>Media come as bytes, or from the account's own store.</summary>
    public bool TakesUrl(MediaPart part, UpstreamModel model) =>
        part.Url is { } url && url.StartsWith("s3://", StringComparison.Ordinal);

    public void Write(ChatRequest request, UpstreamModel model, IBufferWriter<byte> body, Dropped dropped)
    {
        CallPairing.Complete(request);
        RefuseWhatHasNoForm(request);
        var facts = ConverseModels.Of(model.Name);
        using var json = JsonRaw.NewWriter(body);
        json.WriteStartObject();
        var turns = new ConverseTurnWriter(json, request, model, facts);
        turns.Write(dropped);
        WriteLimits(json, request, model, facts, dropped);
        new ConverseToolWriter(json, request, facts, dropped).Write(turns.CalledTools);
        WriteMore(json, request, facts, dropped);
        Report(request, dropped);
        json.WriteEndObject();
    }

    // Leaving these out would give the caller an answer to another question.
    private static void RefuseWhatHasNoForm(ChatRequest request)
    {
        if (request.Sampling.N is > 1)
        {
            var name = request.NameOf(Wish.N);
            throw new UntranslatableException($"'{name}' above 1 is not offered by this model's upstream.", name);
        }

        if (request.Sampling.Logprobs == true)
        {
            var name = request.NameOf(Wish.Logprobs);
            throw new UntranslatableException($"'{name}' is not offered by this model's upstream.", name);
        }
    }

    private static void WriteLimits(
        Utf8JsonWriter json, ChatRequest request, UpstreamModel model, ConverseModel facts, Dropped dropped)
    {
        var sampling = request.Sampling;
        json.WriteStartObject("inferenceConfig"u8);
        if (request.OutputTokensMax is { } max)
        {
            json.WriteNumber("maxTokens"u8, Math.Min(max, model.OutputTokensMax ?? max));
        }

        if (sampling.Temperature is { } temperature)
        {
            json.WriteNumber("temperature"u8, Math.Clamp(temperature, 0, facts.TemperatureMax));
            if (temperature > facts.TemperatureMax)
            {
                dropped.Add(request.NameOf(Wish.Temperature));
            }
        }

        if (sampling.TopP is { } topP)
        {
            json.WriteNumber("topP"u8, topP);
        }

        if (request.Stop.Count > 0)
        {
            json.WriteStartArray("stopSequences"u8);
            request.Stop.ForEach(json.WriteStringValue);
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    // What only this or that model knows.
    private static void WriteMore(Utf8JsonWriter json, ChatRequest request, ConverseModel facts, Dropped dropped)
    {
        var topK = request.Sampling.TopK is { } k && facts.TopK is not null ? k : (long?)null;
        var effort = facts.TakesEffort ? request.Reasoning?.ToEffort() : null;
        if (topK is not null || effort is > Effort.None)
        {
            json.WriteStartObject("additionalModelRequestFields"u8);
            if (topK is { } number)
            {
                json.WriteNumber(facts.TopK!, number);
            }

            if (effort is { } level and > Effort.None)
            {
                // It knows three.
                var word = level <= Effort.Low ? Effort.Low : level >= Effort.High ? Effort.High : Effort.Medium;
                json.WriteString("reasoning_effort"u8, word.Word());
            }

            json.WriteEndObject();
        }

        if (request.Sampling.TopK is not null && topK is null)
        {
            dropped.Add(request.NameOf(Wish.TopK));
        }

        if (!facts.TakesEffort && request.Reasoning?.ToEffort() is > Effort.None)
        {
            dropped.Add(request.NameOf(Wish.Reasoning));
        }
    }

    private static void Report(ChatRequest request, Dropped dropped)
    {
        var sampling = request.Sampling;
        foreach (var (wish, isWished) in (ReadOnlySpan<(Wish, bool)>)
        [
            (Wish.FrequencyPenalty, sampling.FrequencyPenalty is not (null or 0)),
            (Wish.PresencePenalty, sampling.PresencePenalty is not (null or 0)),
            (Wish.Seed, sampling.Seed is not null),
            (Wish.LogitBias, sampling.LogitBias is not null),
            (Wish.ServiceTier, request.ServiceTier is not (null or "auto" or "default" or "standard")),
            (Wish.Verbosity, request.Verbosity is not (null or "medium")),
            (Wish.Metadata, request.Metadata is not null),
        ])
        {
            if (isWished)
            {
                dropped.Add(request.NameOf(wish));
            }
        }

        foreach (var name in request.Others.Keys)
        {
            dropped.Add(name);
        }
    }
}
