namespace TokenHub.Protocols.Chat;

/// <summary>
/// Models of one maker that read each other's opaque items: <c>claude</c>, <c>gemini</c>, <c>gpt</c>. Others are each
/// their own family.
/// </summary>
public static class ModelFamily
{
    private static readonly string[] Known = ["claude", "gemini", "gpt"];

    public static string Of(string model)
    {
        foreach (var family in Known)
        {
            if (model.Contains(family, StringComparison.OrdinalIgnoreCase))
            {
                return family;
            }
        }

        // OpenAI's reasoning models: o1, o3-mini, o4-mini.
        return model.Length >= 2 && model[0] == 'o' && char.IsAsciiDigit(model[1]) ? "gpt" : model;
    }
}
