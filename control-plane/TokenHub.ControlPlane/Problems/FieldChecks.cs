namespace TokenHub.ControlPlane.Problems;

/// <summary>Collects what is wrong with a request, so that a caller learns of every fault at once.</summary>
internal sealed class FieldChecks
{
    private readonly List<FieldError> _errors = [];

    public bool IsClean => _errors.Count == 0;

    public void Add(string field, string code, string message) => _errors.Add(new FieldError(field, code, message));

    public void Require(bool holds, string field, string code, string message)
    {
        if (!holds)
        {
            Add(field, code, message);
        }
    }

    public void Range(long? value, string field, long least, long most)
    {
        if (value is { } number && (number < least || number > most))
        {
            Add(field, "out_of_range", $"must be between {least} and {most}");
        }
    }

    public void ThrowIfAny()
    {
        if (_errors.Count > 0)
        {
            var first = _errors[0];
            throw new RefusedException(ProblemCode.InvalidRequest, $"{first.Field}: {first.Message}", _errors);
        }
    }
}
