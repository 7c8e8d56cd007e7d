using System.Text.Json;
using TokenHub.Core.Snapshots;
using TokenHub.Protocols.Chat;
using TokenHub.Protocols.Codecs;
using TokenHub.Protocols.Json;

namespace TokenHub.Protocols.OpenAi.Requests;

/// <summary>Reads the tools of a Chat request and whether they are to be called, the deprecated forms too.</summary>
internal static class OpenAiToolReader
{
    public static void ReadTools(ChatRequest request, JsonElement tools)
    {
        var i = 0;
        foreach (var tool in tools.Items("tools"))
        {
            var at = $"tools.{i++}.";
            var kind = tool.Object(at.TrimEnd('.')).Text("type", at) ?? "function";
            request.Tools.Add(kind switch
            {
                "function" => ReadFunction(request, tool, Inner(tool, "function", at), at),
                "custom" => ReadCustom(request, tool, Inner(tool, "custom", at), at),
                _ => new ChatTool(ToolKind.Server, kind) { Source = tool, SourceDialect = Dialect.Chat },
            });
        }
    }

    public static void ReadFunctions(ChatRequest request, JsonElement functions)
    {
        var i = 0;
        foreach (var function in functions.Items("functions"))
        {
            var at = $"functions.{i++}.";
            request.Tools.Add(ReadFunction(request, function, function.Object(at.TrimEnd('.')), at));
        }
    }

    public static ToolChoice? ReadChoice(ChatRequest request, JsonElement choice, string at)
    {
        if (choice.ValueKind == JsonValueKind.String)
        {
            return Mode(choice.AsText(at), at);
        }

        switch (choice.Object(at).Text("type", $"{at}."))
        {
            case "allowed_tools":
                var allowed = Inner(choice, "allowed_tools", $"{at}.");
                var names = (allowed.Get("tools")?.Items($"{at}.allowed_tools.tools") ?? default)
                    .Select(tool => NameOf(tool, $"{at}.allowed_tools.tools."));
                var mode = Mode(allowed.Text("mode") ?? "auto", $"{at}.allowed_tools.mode");
                return new ToolChoice(mode.Mode, [.. names]);
            case null or "function" or "custom":
                return new ToolChoice(ToolChoiceMode.Required, [NameOf(choice, $"{at}.")]);
            case "auto" or "none" or "required" or "any":
                return Mode(choice.Text("type")!, at);
            case var server:
                request.Others[$"{at}.{server}"] = choice;
                return null;
        }
    }

    private static ToolChoice Mode(string word, string at) => new(word switch
    {
        "auto" => ToolChoiceMode.Auto,
        "none" => ToolChoiceMode.None,
        "required" or "any" => ToolChoiceMode.Required,
        _ => throw RequestMembers.Fault(at, "none, auto, required or a tool"),
    });

    // {"type":"function","function":{"name"}}, and the flat form that some clients send.
    private static string NameOf(JsonElement tool, string at)
    {
        var inner = tool.Get("function") ?? tool.Get("custom") ?? tool;
        return ToolBook.ToldName(inner.Text("name", at) ?? throw RequestMembers.Fault($"{at}name", "a string"));
    }

    private static JsonElement Inner(JsonElement from, string name, string at) =>
        (from.Get(name) ?? throw RequestMembers.Fault(at + name, "an object")).Object(at + name);

    private static ChatTool ReadFunction(ChatRequest request, JsonElement source, JsonElement function, string at)
    {
        var name = function.Text("name", at) ?? throw RequestMembers.Fault($"{at}name", "a string");
        return new ChatTool(ToolKind.Function, request.ToolBook.Add(name))
        {
            Description = function.Text("description", at),
            Parameters = function.Get("parameters")?.Object($"{at}parameters"),
            Strict = function.Flag("strict", at),
            Cache = OpenAiTurnReader.ReadCache(source) ?? OpenAiTurnReader.ReadCache(function),
            Source = source,
            SourceDialect = Dialect.Chat,
        };
    }

    private static ChatTool ReadCustom(ChatRequest request, JsonElement source, JsonElement custom, string at)
    {
        var name = custom.Text("name", at) ?? throw RequestMembers.Fault($"{at}name", "a string");
        return new ChatTool(ToolKind.FreeForm, request.ToolBook.Add(name, isFreeForm: true))
        {
            Description = custom.Text("description", at),
            Source = source,
            SourceDialect = Dialect.Chat,
        };
    }
}
