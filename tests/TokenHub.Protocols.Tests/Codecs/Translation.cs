using System.Buffers;
using System.Text;
using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Json;
using TokenHub.TestKit;

namespace TokenHub.Protocols.Tests.Codecs;

/// <summary>A request written for an upstream, and what was left out of it.</summary>
internal sealed record Translation(JsonElement Body, Dropped Dropped, ChatRequest Request)
{
    /// <summary>Reads a body of one dialect and writes it for another.</summary>
    public static Translation Of(
        Dialect client, string body, Dialect upstream, string model, bool isCompatible = false) =>
        Of(Read(client, body), upstream, model, isCompatible);

    public static Translation Of(ChatRequest request, Dialect upstream, string model, bool isCompatible = false)
    {
        var (output, dropped) = (new ArrayBufferWriter<byte>(), new Dropped());
        DialectCodecs.Of(upstream).RequestWriter
            .Write(request, new UpstreamModel(model, IsCompatible: isCompatible), output, dropped);
        return new Translation(Parse(Encoding.UTF8.GetString(output.WrittenSpan)), dropped, request);
    }

    public static ChatRequest Read(Dialect client, string body) =>
        DialectCodecs.Of(client).RequestReader!.Read(Encoding.UTF8.GetBytes(body), "alias", false);

    /// <summary>A request as a Chat client's would be read.</summary>
    public static ChatRequest Talk(params ChatTurn[] turns)
    {
        var request = new ChatRequest(JsonDocument.Parse("{}"));
        request.Turns.AddRange(turns);
        return request;
    }

    public static ChatTurn Turn(ChatRole role, params ChatPart[] parts)
    {
        var turn = new ChatTurn(role);
        turn.Parts.AddRange(parts);
        return turn;
    }

    public static ChatTurn User(params ChatPart[] parts) => Turn(ChatRole.User, parts);

    public static ChatTurn Assistant(params ChatPart[] parts) => Turn(ChatRole.Assistant, parts);

    public static TextPart Text(string text) => new(text);

    public static ResultPart Result(string id, string text, bool isError = false) =>
        new(id, [new TextPart(text)]) { IsError = isError };

    public static JsonElement Parse(string json)
    {
        using var document = JsonDocument.Parse(json);
        return document.RootElement.Clone();
    }

    /// <summary>The body of a recorded request.</summary>
    public static string Recorded(string name)
    {
        Assert.SkipWhen(Repository.WireFolder is null, WireCase.Absent);
        using var file = JsonDocument.Parse(
            File.ReadAllBytes(Path.Combine(Repository.WireFolder!, "requests", name)));
        return file.RootElement.GetProperty("body").GetRawText();
    }

    /// <summary>
    /// A member by its path, as compact JSON with double quotes turned single, for tables to read well.
    /// </summary>
    public string At(string path)
    {
        var element = Body;
        foreach (var step in path.Split('.', StringSplitOptions.RemoveEmptyEntries))
        {
            if (element.ValueKind == JsonValueKind.Array)
            {
                element = element[int.Parse(step)];
            }
            else if (!element.TryGetProperty(step, out element))
            {
                return "";
            }
        }

        return Compact(element).Replace('"', '\'');
    }

    public static string Compact(JsonElement element)
    {
        var output = new ArrayBufferWriter<byte>();
        using (var json = JsonRaw.NewWriter(output))
        {
            element.WriteTo(json);
        }

        return Encoding.UTF8.GetString(output.WrittenSpan);
    }
}
