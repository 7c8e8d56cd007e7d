namespace TokenHub.ControlPlane.OpenApi;

/// <summary>The only texts that a field may hold; shown in the OpenAPI document, checked by the noun's rules.</summary>
[AttributeUsage(AttributeTargets.Property)]
internal sealed class AllowedAttribute(params string[] values) : Attribute
{
    public IReadOnlyList<string> Values => values;
}
