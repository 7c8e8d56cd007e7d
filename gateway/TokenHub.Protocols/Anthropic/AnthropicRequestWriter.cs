using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Anthropic.Requests;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.Anthropic;

/// <summary>Writes a request of Anthropic Messages.</summary>
internal sealed class AnthropicRequestWriter : IRequestWriter
{
    // Where Claude is served by others, it fetches nothing.
    public bool TakesUrl(MediaPart part, UpstreamModel model) =>
        part.Kind is MediaKind.Image or MediaKind.Document && !model.IsCompatible
        && !model.Name.Contains('@') && !model.Name.Contains("anthropic.", StringComparison.Ordinal);

    public void Write(ChatRequest request, UpstreamModel model, IBufferWriter<byte> body, Dropped dropped)
    {
        Refuse(request);
        request.ReportNames(dropped);
        var facts = model.IsCompatible
            ? AnthropicModels.Of(model.Name) with { TakesFormat = false, TakesSystemTurns = false }
            : AnthropicModels.Of(model.Name);
        using var json = JsonRaw.NewWriter(body);
        var messages = new MessageWriter(json, request, model, dropped);
        var rules = new DialogueRules(true, facts.TakesSystemTurns, messages.Keeps);
        var dialogue = Dialogue.Of(request, rules);
        var tools = ToolPlan.Of(request, facts, dropped);
        tools.Instruct(dialogue, rules);
        var thinking = ThinkingPlan.Of(
            request, model, facts, tools.IsForced, LacksThought(dialogue, facts), dropped);
        request.ToolBook.FormatTool = tools.FormatTool;

        json.WriteStartObject();
        json.WriteString("model"u8, model.Name);
        json.WriteNumber("max_tokens"u8, thinking.MaxTokens);
        messages.Write(dialogue);
        tools.Write(json, messages);
        WriteThinking(json, thinking, tools);
        WriteSampling(json, request, facts, thinking, dropped);
        WriteRest(json, request, dropped);
        json.WriteEndObject();
    }

    // What the caller would read in the answer must not be missing in silence.
    private static void Refuse(ChatRequest request)
    {
        if (request.Sampling.N > 1)
        {
            throw new UntranslatableException(
                "This model gives one answer to a request.", request.NameOf(Wish.N));
        }

        if (request.Sampling.Logprobs is true)
        {
            throw new UntranslatableException(
                "This model does not tell probabilities of tokens.", request.NameOf(Wish.Logprobs));
        }
    }

    // A model with a budget refuses to go on with calls that its own thought does not stand before.
    private static bool LacksThought(Dialogue dialogue, AnthropicModel facts) =>
        !facts.TakesEffort && dialogue.Turns is [.., { } calls, { } results]
        && results.Parts.Exists(part => part is ResultPart) && calls.Parts[0] is not ReasoningPart;

    private static void WriteThinking(Utf8JsonWriter json, ThinkingPlan thinking, ToolPlan tools)
    {
        if (thinking.Type is { } type)
        {
            json.WriteStartObject("thinking"u8);
            json.WriteString("type"u8, type);
            if (thinking.Budget > 0)
            {
                json.WriteNumber("budget_tokens"u8, thinking.Budget);
            }

            json.WriteText("display"u8, thinking.Display);
            json.WriteEndObject();
        }

        if (thinking.Effort is null && tools.Schema is null)
        {
            return;
        }

        json.WriteStartObject("output_config"u8);
        json.WriteText("effort"u8, thinking.Effort);
        if (tools.Schema is { } schema)
        {
            json.WriteStartObject("format"u8);
            json.WriteString("type"u8, "json_schema"u8);
            json.WritePropertyName("schema"u8);
            SchemaSubset.Write(json, schema);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private static void WriteSampling(
        Utf8JsonWriter json, ChatRequest request, AnthropicModel facts, ThinkingPlan thinking, Dropped dropped)
    {
        var wishes = request.Sampling;
        var isFree = facts.TakesSampling && !thinking.IsOn;
        var hasTemperature = wishes.Temperature is not null && (isFree || wishes.Temperature is 1);
        if (hasTemperature)
        {
            json.WriteNumber("temperature"u8, Math.Clamp(wishes.Temperature!.Value, 0, 1));
        }

        Report(wishes.Temperature is not null && (!hasTemperature || wishes.Temperature > 1), Wish.Temperature);
        var takesTopP = isFree ? facts.TakesBothSamplings || !hasTemperature : wishes.TopP >= 0.99;
        if (wishes.TopP is { } topP && takesTopP)
        {
            json.WriteNumber("top_p"u8, topP);
        }

        Report(wishes.TopP is < 1 && !takesTopP, Wish.TopP);
        if (wishes.TopK is { } topK && isFree)
        {
            json.WriteNumber("top_k"u8, topK);
        }

        Report(wishes.TopK is not null && !isFree, Wish.TopK);
        Report(wishes.FrequencyPenalty is not (null or 0), Wish.FrequencyPenalty);
        Report(wishes.PresencePenalty is not (null or 0), Wish.PresencePenalty);
        Report(wishes.Seed is not null, Wish.Seed);
        Report(wishes.LogitBias is not null, Wish.LogitBias);

        void Report(bool isLost, Wish wish)
        {
            if (isLost)
            {
                dropped.Add(request.NameOf(wish));
            }
        }
    }

    private static void WriteRest(Utf8JsonWriter json, ChatRequest request, Dropped dropped)
    {
        var stops = request.Stop.FindAll(stop => !string.IsNullOrWhiteSpace(stop));
        if (stops.Count > 0)
        {
            json.WriteStartArray("stop_sequences"u8);
            stops.ForEach(json.WriteStringValue);
            json.WriteEndArray();
        }

        // It refuses a sequence of nothing but white space.
        request.CutHere(request.Stop.FindAll(string.IsNullOrWhiteSpace), dropped);
        if (request.EndUser is { Length: > 0 } user)
        {
            json.WriteStartObject("metadata"u8);
            json.WriteString("user_id"u8, request.Dialect == Dialect.Anthropic ? user
                : Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(user))));
            json.WriteEndObject();
        }

        WriteTier(json, request, dropped);
        if (request.Verbosity is not null)
        {
            dropped.Add(request.NameOf(Wish.Verbosity));
        }

        if (request.Metadata is not null)
        {
            dropped.Add(request.NameOf(Wish.Metadata));
        }

        foreach (var (name, value) in request.Others)
        {
            if (request.Dialect == Dialect.Anthropic && !name.Contains('.'))
            {
                json.WritePropertyName(name);
                value.WriteTo(json);
            }
            else
            {
                dropped.Add(name);
            }
        }

        if (request.Stream)
        {
            json.WriteBoolean("stream"u8, true);
        }
    }

    // Never a dearer tier than was asked for.
    private static void WriteTier(Utf8JsonWriter json, ChatRequest request, Dropped dropped)
    {
        switch (request.ServiceTier)
        {
            case null or "auto":
                break;
            case "default" or "standard":
                json.WriteString("service_tier"u8, "standard_only"u8);
                break;
            case "priority":
                json.WriteString("service_tier"u8, "auto"u8);
                break;
            default:
                dropped.Add(request.NameOf(Wish.ServiceTier));
                break;
        }
    }
}
