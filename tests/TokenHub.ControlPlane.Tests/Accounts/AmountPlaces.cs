using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using TokenHub.TestKit;

namespace TokenHub.ControlPlane.Tests.Accounts;

/// <summary>A member of a request's body that is money, a factor of money or a limit counted like it.</summary>
/// <param name="Path">The members down to it; <c>[]</c> for any item of a list.</param>
internal sealed record AmountPlace(string Operation, IReadOnlyList<string> Path, bool IsInteger)
{
    private bool IsRate => Path[0] == "fallback_price" || Operation.StartsWith("PUT /prices", StringComparison.Ordinal);

    /// <summary>True for what is no attack here: prices may be plain numbers, counts are numbers.</summary>
    public bool MayBe(string amount) =>
        (IsRate && !IsInteger && HostileAmounts.PlainNumbers.Contains(amount))
        || (IsInteger && long.TryParse(amount, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _));

    /// <summary>The body with @ where the amount goes.</summary>
    public string BodyFrom(string rest)
    {
        var body = JsonNode.Parse(rest)!.AsObject();
        var at = body;
        for (var i = 0; i < Path.Count - 1; i++)
        {
            if (Path[i] == "[]")
            {
                continue;
            }

            var inner = Path[i] == "windows" ? new JsonObject { ["period_unit"] = "day" }
                : Path[i] == "fallback_price" ? new JsonObject { ["input"] = "1", ["output"] = "1" }
                : Path[i] == "list" ? new JsonObject { ["input"] = "1", ["output"] = "1" } : new JsonObject();
            at[Path[i]] = Path[i + 1] == "[]" ? new JsonArray(inner) : inner;
            at = inner;
        }

        at[Path[^1]] = "@";
        return body.ToJsonString();
    }
}

/// <summary>All of them, read from the API's own document: what is added there is attacked the same day.</summary>
internal static class AmountPlaces
{
    public static IReadOnlyList<AmountPlace> All { get; } = Read();

    private static List<AmountPlace> Read()
    {
        using var document = JsonDocument.Parse(
            File.ReadAllText(Path.Combine(Repository.Root, "control-plane", "openapi.json")));
        var schemas = document.RootElement.GetProperty("components").GetProperty("schemas");
        var found = new List<AmountPlace>();
        foreach (var path in document.RootElement.GetProperty("paths").EnumerateObject())
        {
            foreach (var method in path.Value.EnumerateObject())
            {
                if (method.Value.ValueKind == JsonValueKind.Object
                    && method.Value.TryGetProperty("requestBody", out var body))
                {
                    var name = $"{method.Name.ToUpperInvariant()} {path.Name["/api/v1".Length..]}";
                    var schema = body.GetProperty("content").GetProperty("application/json").GetProperty("schema");
                    Walk(schema, schemas, name, [], [], found);
                }
            }
        }

        return [.. found.DistinctBy(place => $"{place.Operation} {string.Join('.', place.Path)}")];
    }

    private static void Walk(
        JsonElement schema,
        JsonElement schemas,
        string operation,
        List<string> path,
        List<string> within,
        List<AmountPlace> found)
    {
        if (schema.TryGetProperty("$ref", out var link))
        {
            var name = link.GetString()!.Split('/')[^1];
            if (!within.Contains(name))
            {
                Walk(schemas.GetProperty(name), schemas, operation, path, [.. within, name], found);
            }

            return;
        }

        if (path.Count > 0 && KindOf(schema, path[^1]) is { } isInteger)
        {
            found.Add(new AmountPlace(operation, path, isInteger));
        }

        foreach (var choice in schema.TryGetProperty("oneOf", out var choices) ? [.. choices.EnumerateArray()] : (JsonElement[])[])
        {
            Walk(choice, schemas, operation, path, within, found);
        }

        if (schema.TryGetProperty("items", out var items))
        {
            Walk(items, schemas, operation, [.. path, "[]"], within, found);
        }

        if (schema.TryGetProperty("properties", out var members))
        {
            foreach (var member in members.EnumerateObject())
            {
                Walk(member.Value, schemas, operation, [.. path, member.Name], within, found);
            }
        }
    }

    // Dollars are texts of the format "decimal"; factors are named so; shares, factors and limits may be whole numbers.
    private static bool? KindOf(JsonElement schema, string name) =>
        (schema.TryGetProperty("format", out var format) ? format.GetString() : "") switch
        {
            "decimal" => false,
            "int32" or "int64" when name.EndsWith("_bp", StringComparison.Ordinal)
                || name.StartsWith("limit_", StringComparison.Ordinal) => true,
            _ => name == "price_factor" ? false : null,
        };
}
