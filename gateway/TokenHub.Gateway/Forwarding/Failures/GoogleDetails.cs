using System.Text.Json;

namespace TokenHub.Gateway.Forwarding.Failures;

/// <summary>What stands in an error's details beyond its name: Google's list, and OpenRouter's metadata.</summary>
/// <param name="Reason">Google's word for it, such as <c>API_KEY_INVALID</c>.</param>
/// <param name="IsDaily">A quota of a day is used up.</param>
/// <param name="IsFlagged">The request was refused for what it says.</param>
internal readonly record struct GoogleDetails(string? Reason, bool IsDaily, bool IsFlagged)
{
    public static GoogleDetails Parse(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var document = JsonDocument.Parse(body);
            var root = document.RootElement;
            root = root.ValueKind == JsonValueKind.Array && root.GetArrayLength() > 0 ? root[0] : root;
            return root.ValueKind == JsonValueKind.Object && root.TryGetProperty("error", out var error)
                && error.ValueKind == JsonValueKind.Object ? Read(error) : default;
        }
        catch (JsonException)
        {
            return default;
        }
    }

    private static GoogleDetails Read(JsonElement error)
    {
        var isFlagged = error.TryGetProperty("metadata", out var metadata)
            && metadata.ValueKind == JsonValueKind.Object && metadata.TryGetProperty("flagged_input", out _);
        string? reason = null;
        var isDaily = false;
        if (error.TryGetProperty("details", out var details) && details.ValueKind == JsonValueKind.Array)
        {
            foreach (var detail in details.EnumerateArray())
            {
                if (detail.ValueKind == JsonValueKind.Object)
                {
                    reason ??= Text(detail, "reason");
                    isDaily |= HasDailyQuota(detail);
                }
            }
        }

        return new GoogleDetails(reason, isDaily, isFlagged);
    }

    // "quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"
    private static bool HasDailyQuota(JsonElement detail)
    {
        if (!detail.TryGetProperty("violations", out var violations) || violations.ValueKind != JsonValueKind.Array)
        {
            return false;
        }

        foreach (var violation in violations.EnumerateArray())
        {
            if (violation.ValueKind == JsonValueKind.Object
                && (Text(violation, "quotaId")?.Contains("PerDay", StringComparison.Ordinal) ?? false))
            {
                return true;
            }
        }

        return false;
    }

    private static string? Text(JsonElement parent, string name) =>
        parent.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString() : null;
}
