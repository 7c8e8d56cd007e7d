using TokenHub.ControlPlane.Problems;
using TokenHub.ControlPlane.Rules;

namespace TokenHub.ControlPlane.Wire;

/// <summary>Reads filters from the query; what is not a proper value is refused, what is absent is null.</summary>
internal sealed class QueryReader(IQueryCollection query)
{
    private const int TextLengthMax = 200;

    public long? Id(string name, string prefix)
    {
        if (!query.TryGetValue(name, out var text))
        {
            return null;
        }

        return WireId.TryParse(prefix, text.ToString(), out var id)
            ? id
            : throw RefusedException.Field(name, "bad_id", $"must be an id such as {prefix}1001");
    }

    public string? OneOf(string name, params ReadOnlySpan<string> allowed)
    {
        if (!query.TryGetValue(name, out var text))
        {
            return null;
        }

        var checks = new FieldChecks();
        TextRules.OneOf(checks, text.ToString(), name, allowed);
        checks.ThrowIfAny();
        return text.ToString();
    }

    public string? Text(string name)
    {
        if (!query.TryGetValue(name, out var text))
        {
            return null;
        }

        var checks = new FieldChecks();
        TextRules.Check(checks, text.ToString(), name, TextLengthMax);
        checks.ThrowIfAny();
        return text.ToString();
    }
}
